"""The console, as a person at a terminal of 80 columns and 24 lines has it: what is typed, and what then stands there.

Each conversation gives one wrong answer at every question. After every answer the choices must be in view again.
"""

import os
import subprocess

import pytest

from machine import Machine, binary, free_port, until
from terminal import Terminal

PASSWORD = "correct horse"
ENTER, CTRL_C, CTRL_D, TAB, UP = "\r", "\x03", "\x04", "\t", "\x1b[A"
PANEL = {
    "en": [" Read      feed", " Write     dweet", " Messages  chats", " People    profile", " You       name"],
    "es": [" Leer      novedades", " Escribir  publicar", " Mensajes  conversaciones", " Gente     perfil", " Tú        nombre"],
}
WELCOME = {"en": "Welcome to Tertulia.", "es": "Te damos la bienvenida a Tertulia."}
LOCALE = {"en": "en_GB.UTF-8", "es": "es_ES.UTF-8"}


class Console(Terminal):
    """`tertulia console`, for somebody with a home directory of their own."""

    def __init__(self, home, *servers, language="en", **settings):
        named = [part for server in servers for part in ("--server", server)]
        env = {
            "TERTULIA_HOME": str(home),
            "LANG": LOCALE[language],
            "LC_ALL": LOCALE[language],
            "TERTULIA_SERVER": "",
            "TERTULIA_PASSWORD": "",
            **settings,
        }
        super().__init__([binary(), "console", *named], env=env)
        self.language = language

    def say(self, typed, wanted):
        """Types a line; waits until the answer stands there, once more than before."""
        self.keys(typed + ENTER, wanted)

    def keys(self, typed, wanted):
        before = self.text().count(wanted)
        self.press(typed)
        self.wait(lambda: self.text().count(wanted) > before, wanted)

    def wait(self, condition, what):
        def now():
            alive = self.read()
            return condition() or (not alive and pytest.fail(f"it ended before {what!r}; the screen:\n{self.text()}"))

        try:
            until(now, what)
        except AssertionError as failure:
            raise AssertionError(f"{failure}; the screen:\n{self.text()}") from None

    def waits_for_a_choice(self, mark="› "):
        """All choices are on the screen, and the cursor stands behind the mark."""

        def so():
            rows = self.rows()
            line = self.screen.buffer[self.screen.cursor.y]
            line = "".join(line[x].data for x in range(self.screen.cursor.x))
            return line.endswith(mark) and all(any(row.startswith(choice) for row in rows) for choice in PANEL[self.language])

        self.wait(so, "the choices are in view")


@pytest.fixture
def machine(tmp_path):
    with Machine(tmp_path / "machine") as running:
        yield running


def act(machine, home, *arguments, password=PASSWORD):
    """One command, as somebody else."""
    env = {**os.environ, "TERTULIA_HOME": str(home), "TERTULIA_PASSWORD": password, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [binary(), *arguments, "--server", machine.url], env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# What is typed (None: nothing yet), and what must then appear. A `*` before it: it is a secret.
SESSION = {
    "en": [
        ("regster", "Did you mean “register”?"),
        ("register", "Choose a nick"),
        ("señora", "A nick has 1 to 30 letters"),
        ("bob", "The name to show"),
        ("n" * 40, "10 too many"),
        ("\x15Ana", "Choose a password"),
        ("*short", "too short: at least 8"),
        ("*" + PASSWORD, "The same password again:"),
        ("*correct hrose", "not the same"),
        ("*" + PASSWORD, "The same password again:"),
        ("*" + PASSWORD, "This nick is taken."),
        ("ana", "Welcome, @ana."),
        ("follow", "Whose nick?"),
        ("no nick", "A nick has 1 to 30 letters"),
        ("nobody", "Nobody here has the nick @nobody"),
        ("bob", "You follow @bob now."),
        ("dweet", "Your dweet"),
        ("", "There is no text."),
        ("Hello, Bob!", "Published as #"),
        ("reply", "Which dweet?"),
        ("99", "has no number 99"),
        ("one", "is no dweet"),
        ("1", "Your answer"),
        ("", "There is no text."),
        ("And me.", "Published as #2."),
        ("thread 1", "1 reply"),
        ("redweet 1", "You redweeted @ana."),
        ("favourite 1", "now a favourite of yours"),
        ("favourites", "1 favourite (yours too)"),
        ("bookmark 1", "is bookmarked"),
        ("bookmarks", "1 favourite (yours too)"),
        ("unbookmark 1", "no longer bookmarked"),
        ("delete", "Which dweet?"),
        ("2", "(yes or no)"),
        ("perhaps", "Type yes or no."),
        ("yes", "The dweet is deleted."),
        ("search", "What do you look for?"),
        ("", "Type the beginning of a nick"),
        ("bo", "Bob Esponja @bob"),
        ("name", "The name to show"),
        ("Ana María", "Your profile is changed."),
        ("profile", "Ana María @ana"),
        ("help", "pass a dweet on to your followers"),
        ("password", "Your password now:"),
        ("*wrong one", "Choose a password"),
        ("*new horse", "The same password again:"),
        ("*new horse", "That is not your password."),
        ("*" + PASSWORD, "Choose a password"),
        ("*new horse", "The same password again:"),
        ("*new horse", "Your password is changed."),
        ("delete-account", "Type your nick to confirm:"),
        ("anna", "That is not your nick."),
        ("ana", "Your password:"),
        ("*wrong one", "That is not your password."),
        ("*new horse", "Your account is closed"),
        ("login", "Your nick:"),
        ("é", "A nick has 1 to 30 letters"),
        ("bob", "Your password:"),
        ("*wrong one", "Wrong nick or password."),
        ("bob", "Your password:"),
        ("*" + PASSWORD, "Welcome back, @bob."),
        ("logout", "Nothing of yours is left on this computer."),
        ("quit", "Goodbye."),
    ],
    "es": [
        ("regstro", "¿Querías decir «registro»?"),
        ("registro", "Elige un nick"),
        ("señora", "Un nick tiene de 1 a 30 letras"),
        ("bob", "El nombre que se muestra"),
        ("n" * 40, "Sobran 10"),
        ("\x15Ana", "Elige una contraseña"),
        ("*corta", "Es demasiado corta: al menos 8"),
        ("*" + PASSWORD, "La misma contraseña otra vez:"),
        ("*correct hrose", "No son iguales."),
        ("*" + PASSWORD, "La misma contraseña otra vez:"),
        ("*" + PASSWORD, "Ese nick ya es de alguien."),
        ("ana", "Te damos la bienvenida, @ana."),
        ("seguir", "¿El nick de quién?"),
        ("un nick", "Un nick tiene de 1 a 30 letras"),
        ("nadie", "Aquí nadie tiene el nick @nadie"),
        ("bob", "Ahora sigues a @bob."),
        ("publicar", "Tu dweet"),
        ("", "No hay texto."),
        ("¡Hola, Bob!", "Publicado con el número #1."),
        ("responder", "¿Qué dweet?"),
        ("99", "no tiene el número 99"),
        ("uno", "no es un dweet"),
        ("1", "Tu respuesta"),
        ("", "No hay texto."),
        ("Y yo.", "Publicado con el número #2."),
        ("hilo 1", "1 respuesta"),
        ("redweet 1", "Has redweeteado a @ana."),
        ("favorito 1", "ya está entre tus favoritos"),
        ("borrar", "¿Qué dweet?"),
        ("2", "(sí o no)"),
        ("quizá", "Escribe sí o no."),
        ("sí", "El dweet está borrado."),
        ("buscar", "¿Qué buscas?"),
        ("", "Escribe cómo empieza un nick"),
        ("bo", "Bob Esponja @bob"),
        ("nombre", "El nombre que se muestra"),
        ("Ana María", "Tu perfil ha cambiado."),
        ("perfil", "Ana María @ana"),
        ("ayuda", "pasa un dweet a tus seguidores"),
        ("contraseña", "Tu contraseña actual:"),
        ("*wrong one", "Elige una contraseña"),
        ("*new horse", "La misma contraseña otra vez:"),
        ("*new horse", "Esa no es tu contraseña."),
        ("*" + PASSWORD, "Elige una contraseña"),
        ("*new horse", "La misma contraseña otra vez:"),
        ("*new horse", "Tu contraseña ha cambiado."),
        ("cerrar-cuenta", "Escribe tu nick para confirmarlo:"),
        ("anna", "Ese no es tu nick."),
        ("ana", "Tu contraseña:"),
        ("*wrong one", "Esa no es tu contraseña."),
        ("*new horse", "Tu cuenta está cerrada"),
        ("entrar", "Tu nick:"),
        ("é", "Un nick tiene de 1 a 30 letras"),
        ("bob", "Tu contraseña:"),
        ("*wrong one", "El nick o la contraseña no son correctos."),
        ("bob", "Tu contraseña:"),
        ("*" + PASSWORD, "Hola de nuevo, @bob."),
        ("desconectar", "En este ordenador no queda nada tuyo."),
        ("salir", "Adiós."),
    ],
}


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_newcomer_finds_the_way_with_one_wrong_answer_at_each_question(machine, tmp_path, language):
    act(machine, tmp_path / "bob", "register", "bob", "--name", "Bob Esponja")
    with Console(tmp_path / "ana", machine.url, language=language) as console:
        console.see(WELCOME[language])
        for typed, wanted in SESSION[language]:
            console.say(typed.removeprefix("*"), wanted)
            pages(console)
        assert console.end() == 0
        for secret in (PASSWORD, "new horse", "correct hrose"):
            assert secret not in console.text()
        assert console.screen.columns == 80 and console.screen.lines == 24


def pages(console):
    """Turns the page where the text is longer than the screen."""

    def waits_at(*marks):
        row = console.rows()[console.screen.cursor.y]
        return any(mark in row for mark in marks)

    go_on = ("— Press Enter", "— Pulsa Intro")
    while waits_at(*go_on):
        before = console.rows()
        console.press(ENTER)
        console.wait(lambda: console.rows() != before and waits_at("›", *go_on), "the next page")


@pytest.mark.parametrize("language", ["en", "es"])
def test_new_dweets_come_page_by_page_with_the_choices_in_view(machine, tmp_path, language):
    act(machine, tmp_path / "bob", "register", "bob", "--name", "Bob Esponja")
    act(machine, tmp_path / "ana", "register", "ana")
    act(machine, tmp_path / "ana", "follow", "bob")
    for number in range(1, 8):
        act(machine, tmp_path / "bob", "dweet", f"dweet number {number}")
    until(lambda: '"count":7' in act(machine, tmp_path / "ana", "whoami", "--json"), "seven dweets arrive")
    feed, more, unseen = {"en": ("feed", "more", "unseen"), "es": ("novedades", "mas", "sin ver")}[language]
    with Console(tmp_path / "ana", language=language) as console:
        console.waits_for_a_choice(f"@ana · 7 {unseen} › ")
        console.say(feed, "dweet number 4")
        console.waits_for_a_choice(f"@ana · 3 {unseen} › ")
        shown = "\n".join(console.rows())
        assert [f"dweet number {number}" in shown for number in (7, 6, 5, 4, 3)] == [True, True, True, True, False]
        assert "Bob Esponja @bob" in shown
        console.say(more, "dweet number 1")
        console.waits_for_a_choice()
        console.press(CTRL_D)
        assert console.end() == 0


def test_keys_do_what_one_expects(machine, tmp_path):
    act(machine, tmp_path / "bob", "register", "bob")
    act(machine, tmp_path / "ana", "register", "ana")
    with Console(tmp_path / "ana", NO_COLOR="1") as console:
        console.waits_for_a_choice()
        console.keys("prof" + TAB, "profile")
        console.say("bob", "No dweets yet.")
        console.waits_for_a_choice()
        console.keys("fol" + TAB + "b" + TAB, "follow bob")
        console.keys(ENTER, "You follow @bob now.")
        console.waits_for_a_choice()
        console.keys(UP + UP, "profile bob")
        console.keys(CTRL_C, "To leave, type “quit” or press Ctrl-D.")
        console.waits_for_a_choice()
        console.say("dweet", "Your dweet")
        console.keys("never mind" + CTRL_C, "Cancelled. Nothing was done.")
        console.waits_for_a_choice()
        console.keys(CTRL_D, "Goodbye.")
        assert console.end() == 0
        colours = {cell.fg for row in console.screen.buffer.values() for cell in row.values()}
        assert colours <= {"default"}


def test_with_all_machines_down_what_was_seen_is_shown_and_said_to_be_old(machine, tmp_path):
    act(machine, tmp_path / "bob", "register", "bob")
    act(machine, tmp_path / "ana", "register", "ana")
    act(machine, tmp_path / "ana", "follow", "bob")
    act(machine, tmp_path / "bob", "dweet", "seen before the storm")
    until(lambda: "before the storm" in act(machine, tmp_path / "ana", "feed", "--latest"), "the dweet arrives")
    machine.stop()
    with Console(tmp_path / "ana") as console:
        console.see("No server answers.")
        console.waits_for_a_choice("@ana · offline › ")
        console.say("feed", "OFFLINE: no server answers. This is what was last seen here, as of")
        console.see("seen before the storm")
        console.say("dweet written in the dark", "Your text is kept")
        console.waits_for_a_choice("@ana · offline › ")
        machine.start()
        console.keys(UP, "dweet written in the dark")
        console.keys(ENTER, "Published as #")
        console.waits_for_a_choice("@ana · 1 unseen › ")
    machine.stop()
    with Console(tmp_path / "ana", language="es") as console:
        console.say("novedades", "SIN CONEXIÓN: no responde ningún servidor.")
        console.see("seen before the storm")


def test_the_next_server_answers_when_the_first_is_down(machine, tmp_path):
    gone = f"http://127.0.0.1:{free_port()}"
    with Console(tmp_path / "ana", gone, machine.url) as console:
        console.say("register", "Choose a nick")
        console.say("ana", "The name to show")
        console.say("", "Choose a password")
        console.say(PASSWORD, "The same password again:")
        console.say(PASSWORD, "Welcome, @ana.")
        console.say("whoami", f"at {machine.url}")
    with Console(tmp_path / "eva", gone) as console:
        console.see("No server answers.")
        console.say("server", "Address of the server")
        console.say("nowhere in particular", "is no address of a server")
        console.say(machine.host, "The server answers.")


def test_hostile_text_does_nothing_to_the_terminal(machine, tmp_path):
    act(machine, tmp_path / "bob", "register", "bob", "--name", "\u202eesreverni")
    act(machine, tmp_path / "bob", "dweet", "before \u202e after \u2066 end")
    act(machine, tmp_path / "ana", "register", "ana")
    with Console(tmp_path / "ana") as console:
        console.waits_for_a_choice()
        console.say("profile bob", "before � after � end")
        console.waits_for_a_choice()
        assert not set("\u202e\u2066") & set(console.text())
