//! The console against a real machine: whole conversations, typed from a pipe, with wrong answers on the way.

use metrics_exporter_prometheus::PrometheusBuilder;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tertulia_api::{Service, app, serve};
use tertulia_client::near::NearRing;
use tertulia_client::{Client, Lookout, Settings, time};
use tertulia_console::interactive;
use tertulia_console::look::Look;
use tertulia_console::page::Paint;
use tertulia_console::terminal::Lines;
use tertulia_console::words::{Language, Words};
use tertulia_node::{Node, Options};
use tertulia_types::entity::Entries;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long a test waits for what must come.
const WAIT: Duration = Duration::from_secs(20);

/// A machine with its data in a directory; it stops when this is dropped.
struct Machine {
    url: String,
    directory: TempDir,
    _life: DropGuard,
}

async fn machine() -> Machine {
    let directory = tempfile::tempdir().expect("a directory");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let node = Node::open(Options::new(directory.path().join("machine")))
        .await
        .expect("a machine");
    node.until_ready().await;
    let machine = node.member().machine;
    let entries = Entries::new(7, None, machine, [(machine, vec![url.clone()])]);
    let closing = CancellationToken::new();
    let service = Service::new(tertulia_api::Settings {
        node: Arc::clone(&node),
        title: "Plaza".to_owned(),
        app: Vec::new(),
        is_limited: false,
        proxies: Vec::new(),
        has_open_metrics: false,
        tls: None,
        entries: tokio::sync::watch::Sender::new(Arc::new(entries)).subscribe(),
        metrics: PrometheusBuilder::new().build_recorder().handle(),
        closing: closing.clone(),
    });
    tokio::spawn(serve(
        listener,
        app(service.expect("threads")),
        None,
        closing.clone(),
    ));
    Machine {
        url,
        directory,
        _life: closing.drop_guard(),
    }
}

fn settings(directory: &Path, who: &str, servers: &[&str]) -> Settings {
    let servers = servers.iter().map(|&server| server.to_owned()).collect();
    Settings {
        data: directory.join(who),
        servers,
        ..Settings::default()
    }
}

/// Somebody who acts behind the scenes.
async fn somebody(machine: &Machine, nick: &str) -> Client {
    let settings = settings(
        machine.directory.path(),
        &format!("{nick}-elsewhere"),
        &[&machine.url],
    );
    let client = Client::open(&settings).expect("opens");
    client
        .register(nick, Some("Bob Esponja"), "correct horse")
        .await
        .expect("registered");
    client
}

/// Types the lines into a console, and gives what it showed.
async fn talk(language: Language, settings: Settings, lines: &[&str]) -> String {
    let look = Look {
        words: Words::new(language),
        talking: true,
        columns: 80,
        rows: 24,
        resizes: false,
        paint: Paint::Bare,
        now: time::now,
    };
    let typed = format!("{}\n", lines.join("\n"));
    let mut terminal = Lines::new(typed.as_bytes(), Vec::new(), Paint::Bare, false);
    let client = Client::open(&settings).expect("opens");
    interactive::run(client, settings, look, &mut terminal, None).await;
    String::from_utf8(terminal.into_output()).expect("text")
}

/// The pieces stand in the text, in this order.
fn shows(text: &str, pieces: &[&str]) {
    let mut rest = text;
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            panic!("{piece:?} is missing in what follows:\n{rest}\n--- all:\n{text}")
        };
        rest = &rest[at + piece.len()..];
    }
}

/// Waits until the client has that many unseen dweets.
async fn until_unseen(client: &Client, count: u64) {
    let waited = tokio::time::timeout(WAIT, async {
        while client.unseen().await.expect("answered").count != count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.expect("the dweets arrive");
}

#[tokio::test(flavor = "multi_thread")]
async fn entry_where_several_rings_are_near_is_a_question() {
    let machine = machine().await;
    let near = |name: &str, server: &str| NearRing {
        id: format!("{:016x}", name.len()),
        name: name.to_owned(),
        authority: None,
        servers: vec![server.to_owned()],
    };
    let mut home = settings(machine.directory.path(), "ana", &[]);
    home.lookout = Lookout::Told(vec![
        near("Taller", "http://127.0.0.1:1"),
        near("Plaza", &machine.url),
    ]);
    let shown = talk(
        Language::Spanish,
        home.clone(),
        &[
            "3",
            "plaza",
            "2",
            "registro",
            "ana",
            "Ana",
            "correct horse",
            "correct horse",
            "salir",
        ],
    )
    .await;
    shows(
        &shown,
        &[
            "En esta red responden varios anillos:",
            "1  Taller: http://127.0.0.1:1",
            "2  Plaza: http://127.0.0.1:",
            "¿Cuál?",
            "de 1 a 2",
            "de 1 a 2",
            "@ana",
        ],
    );
    home.lookout = Lookout::Nowhere;
    assert_eq!(
        Client::open(&home).expect("opens").servers(),
        [machine.url.as_str()]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_finds_the_way_in_english_with_a_slip_at_each_question() {
    let machine = machine().await;
    let bob = somebody(&machine, "bob").await;
    let home = settings(machine.directory.path(), "ana", &[&machine.url]);
    let shown = talk(
        Language::English,
        home.clone(),
        &[
            "regster",
            "register",
            "señora",
            "bob",
            &"n".repeat(40),
            "Ana",
            "short",
            "correct horse",
            "correct hrose",
            "correct horse",
            "correct horse",
            "ana",
            "follow",
            "not a nick",
            "nobody",
            "bob",
            "dweet",
            &"ñ".repeat(230),
            "Hello, Bob!",
            "whoami",
            "quit",
        ],
    )
    .await;
    shows(
        &shown,
        &[
            "Welcome to Tertulia.",
            "Did you mean “register”?",
            "Choose a nick",
            "A nick has 1 to 30 letters",
            "Choose a nick",
            "The name to show",
            "10 too many",
            "The name to show",
            "Choose a password",
            "too short: at least 8",
            "Choose a password",
            "again:",
            "not the same",
            "again:",
            "This nick is taken",
            "Choose a nick",
            "Welcome, @ana.",
            "@ana · all seen ›",
            "Whose nick?",
            "A nick has 1 to 30",
            "Whose nick?",
            "Nobody here has the nick @nobody",
            "Whose nick?",
            "You follow @bob now.",
            "Your dweet",
            "5 too many",
            "Your dweet",
            "Published as #1.",
            "Ana @ana · now",
            "Hello, Bob!",
            "You are Ana (@ana) at",
            "Goodbye.",
        ],
    );

    for number in 1..=6 {
        bob.publish(&format!("dweet number {number} #mar"), None)
            .await
            .expect("published");
    }
    let ana = Client::open(&home).expect("opens");
    until_unseen(&ana, 6).await;
    drop(ana);
    let shown = talk(
        Language::English,
        home,
        &[
            "feed",
            "more",
            "reply",
            "99",
            "x",
            "2",
            "",
            "Nice!",
            "redweet 2",
            "favourite 2",
            "thread 2",
            "delete 2",
            "maybe",
            "yes",
            "profile bob",
            "unfollow bob",
            "search mar",
            "notifications",
            "logout",
            "quit",
        ],
    )
    .await;
    shows(
        &shown,
        &[
            "Welcome back, @ana.",
            "@ana · 6 unseen ›",
            "dweet number 6",
            "dweet number 3",
            "2 unseen — “more” shows the next ones.",
            "dweet number 2",
            "dweet number 1",
            "Which dweet?",
            "has no number 99",
            "Which dweet?",
            "“x” is no dweet",
            "Which dweet?",
            "Your answer",
            "There is no text.",
            "Your answer",
            "Published as #",
            "Nice!",
            "You redweeted @bob.",
            "is now a favourite of yours",
            "dweet number",
            "1 redweet (yours too)",
            "Nice!",
            "Delete it everywhere? (yes or no)",
            "Type yes or no.",
            "That dweet is not yours",
            "Bob Esponja @bob",
            "you follow them",
            "You no longer follow @bob.",
            "dweet number",
            "Nothing of yours is left on this computer.",
            "Start  register",
            "Goodbye.",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn una_persona_recien_llegada_se_entiende_en_espanol() {
    let machine = machine().await;
    let _bob = somebody(&machine, "bob").await;
    let home = settings(machine.directory.path(), "eva", &[&machine.url]);
    let shown = talk(
        Language::Spanish,
        home,
        &[
            "registro",
            "Eva María",
            "eva",
            "",
            "corta",
            "caballo grande",
            "caballo grande",
            "seguir",
            "nadie",
            "bob",
            "publicar ¡Hola!",
            "nombre Eva",
            "bio",
            "Me gusta el mar",
            "perfil",
            "borrar",
            "1",
            "quizá",
            "sí",
            "mas",
            "contraseña",
            "equivocada",
            "caballo nuevo",
            "caballo nuevo",
            "caballo grande",
            "caballo nuevo",
            "caballo nuevo",
            "cerrar-cuenta",
            "otra",
            "eva",
            "mal mal mal",
            "caballo nuevo",
            "entrar",
            "eva",
            "caballo nuevo",
        ],
    )
    .await;
    shows(
        &shown,
        &[
            "Te damos la bienvenida a Tertulia.",
            "Elige un nick",
            "Un nick tiene de 1 a 30",
            "Elige un nick",
            "El nombre que se muestra",
            "Elige una contraseña",
            "al menos 8",
            "Te damos la bienvenida, @eva.",
            "@eva · todo visto ›",
            "¿El nick de quién?",
            "Aquí nadie tiene el nick @nadie",
            "Ahora sigues a @bob.",
            "Publicado con el número #1.",
            "Tu perfil ha cambiado.",
            "Tu perfil ha cambiado.",
            "Eva @eva",
            "Me gusta el mar",
            "un dweet",
            "¡Hola!",
            "¿Qué dweet?",
            "¿Borrarlo en todas partes?",
            "Escribe sí o no.",
            "El dweet está borrado.",
            "Tu contraseña actual:",
            "Esa no es tu contraseña.",
            "Tu contraseña ha cambiado.",
            "para siempre",
            "Ese no es tu nick.",
            "Esa no es tu contraseña.",
            "Tu cuenta está cerrada",
            "Inicio  registro",
            "El nick o la contraseña no son correctos.",
            "Cancelado.",
            "Adiós.",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_machines_down_the_cache_speaks_and_says_so() {
    let machine = machine().await;
    let bob = somebody(&machine, "bob").await;
    let home = settings(machine.directory.path(), "ana", &[&machine.url]);
    let ana = Client::open(&home).expect("opens");
    ana.register("ana", None, "correct horse")
        .await
        .expect("registered");
    ana.tie("bob", tertulia_client::relation::Tie::Follow)
        .await
        .expect("followed");
    bob.publish("still here", None).await.expect("published");
    until_unseen(&ana, 1).await;
    ana.feed(None, 5).await.expect("home");
    drop((ana, bob));
    let Machine { directory, _life, .. } = machine;
    drop(_life);

    let nowhere = settings(directory.path(), "ana", &[]);
    let shown = talk(
        Language::English,
        nowhere,
        &["feed", "dweet lost?", "profile bob", "logout"],
    )
    .await;
    shows(
        &shown,
        &[
            "Welcome back, @ana.",
            "No server answers.",
            "there is no connection",
            "@ana · offline ›",
            "OFFLINE: no server answers.",
            "still here",
            "No server answers.",
            "Your text is kept",
            "No server answers.",
            "Nothing of yours is left on this computer.",
            "the session is still open there",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_can_be_named_when_the_first_is_down() {
    let machine = machine().await;
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        format!("http://{}", listener.local_addr().expect("an address"))
    };
    let home = settings(machine.directory.path(), "ana", &[&gone]);
    let here = machine.url.trim_start_matches("http://").to_owned();
    let typed = [
        "server",
        "not an address",
        &gone,
        &here,
        "register",
        "ana",
        "",
        "correct horse",
        "correct horse",
    ];
    let shown = talk(Language::English, home, &typed).await;
    shows(
        &shown,
        &[
            "No server answers.",
            "type “server”",
            "Address of the server",
            "is no address of a server",
            "Address of the server",
            "there is no connection",
            "Address of the server",
            "The server answers.",
            "Welcome, @ana.",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_numbers_and_backups_are_a_word_each() {
    let machine = machine().await;
    let _bob = somebody(&machine, "bob").await;
    let home = settings(machine.directory.path(), "ana", &[&machine.url]);
    let file = machine.directory.path().join("kept");
    let backup = format!("backup {}", file.display());
    let lines = [
        "register",
        "ana",
        "",
        "correct horse",
        "correct horse",
        "send bob hello",
        "devices",
        "verify bob confirm",
        "verify bob",
        "verify bob confirm",
        &backup,
        &backup,
        "revoke",
        "zzz",
        "link",
        "nonsense",
        "quit",
    ];
    let shown = talk(Language::English, home.clone(), &lines).await;
    shows(
        &shown,
        &[
            "Sent to @bob.",
            "terminal",
            "this one",
            "was not shown here",
            "The number of you and @bob.",
            "verify bob confirm",
            "You have verified @bob.",
            "YOUR RECOVERY CODE",
            "1 messages are backed up",
            "1 messages are backed up",
            "Which device?",
            "begins with “zzz”",
            "The code that the new computer shows:",
            "A code has 7 groups",
            "Goodbye.",
        ],
    );
    assert_eq!(shown.matches("YOUR RECOVERY CODE").count(), 1, "{shown}");
    // A second computer, and what it is told.
    let home = settings(machine.directory.path(), "ana-elsewhere", &[&machine.url]);
    let code = shown
        .lines()
        .map(str::trim)
        .find(|line| line.split('-').count() == 7)
        .expect("the code");
    let restore = format!("recuperar {}", file.display());
    let lines = [
        "entrar",
        "ana",
        "correct horse",
        "conversaciones",
        &restore,
        "00000-00000",
        &restore,
        code,
        "leer bob",
        "salir",
    ];
    let shown = talk(Language::Spanish, home, &lines).await;
    shows(
        &shown,
        &[
            "Escribe «vincular» aquí",
            "Hola de nuevo",
            "Ya tienes otro dispositivo",
            "Tu código de recuperación:",
            "Un código tiene 7 grupos",
            "Vuelves a ser tú",
            "Excluye los perdidos",
            "hello",
        ],
    );
}
