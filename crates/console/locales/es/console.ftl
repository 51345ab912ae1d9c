# Lo que dice el terminal, en español. Las mismas claves y variables que en los otros idiomas: una prueba las compara.

## Edades

age-now = ahora
age-minutes = { $n } min
age-hours = { $n } h
age-days = { $n } d

## Cuánto queda sin ver

unseen = { $n ->
    [0] todo visto
    [one] 1 sin ver
   *[other] { $n } sin ver
}
unseen-more = más de { $n } sin ver
unseen-none = Ya has visto todo lo nuevo.
feed-more-new = — «más» muestra los siguientes.
feed-more-new-command = — «tertulia feed» muestra los siguientes.
feed-more-old = «más» muestra los anteriores.
feed-more-old-command = «tertulia feed» muestra los anteriores.
feed-end = Eso es todo por ahora.
feed-empty = No hay nada nuevo. «últimos» muestra otra vez los más recientes; «seguir» trae más.
feed-empty-command = No hay nada nuevo. «tertulia feed --latest» muestra otra vez los más recientes; «tertulia follow NICK» trae más.
list-empty = Aún no hay nada en esta lista.
list-ended = No hay nada más.
list-end = Eso es todo.

## Listas

offline = sin conexión
offline-as-of = SIN CONEXIÓN: no responde ningún servidor. Esto es lo último que se vio aquí, hace { $age }.
offline-as-of-day = SIN CONEXIÓN: no responde ningún servidor. Esto es lo último que se vio aquí, el { $day }.
offline-as-of-now = SIN CONEXIÓN: no responde ningún servidor. Esto es lo último que se vio aquí, hace un momento.
offline-inside = Puedes seguir leyendo lo último que se vio en este ordenador.
offline-outside = Comprueba la red, o escribe «servidor» para usar otra dirección.
whoami = Eres { $name } (@{ $nick }) en { $server }
profile-empty = Todavía no hay dweets.
search-empty = No se ha encontrado nada. Escribe cómo empieza un nick o un nombre, o una #etiqueta.
notifications-empty = Todavía nada. Aquí verás quién te sigue, te menciona o te redweetea.
notification-mention = { $who } te ha mencionado
notification-redweet = { $who } te ha redweeteado
notification-favourite = A { $who } le gusta tu dweet
notification-follow = { $who } te sigue ahora
dweet-answers = responde a @{ $nick }
dweet-private = solo para seguidores
dweet-redweeted-by = redweet de { $who }
dweet-warning = Aviso: { $warning }
count-replies = { $n ->
    [one] 1 respuesta
   *[other] { $n } respuestas
}
count-redweets = { $n ->
    [one] un redweet
   *[other] { $n } redweets
}
count-favourites = { $n ->
    [one] 1 favorito
   *[other] { $n } favoritos
}
count-followers = { $n ->
    [one] 1 seguidor
   *[other] { $n } seguidores
}
count-following = sigue a { $n }
count-dweets = { $n ->
    [one] un dweet
   *[other] { $n } dweets
}
redweeted-by-you = también tuyo
favourite-of-yours = también tuyo
relation-following = le sigues
relation-followed-by = te sigue
relation-blocking = le bloqueas
relation-muting = le silencias

## Hecho

done-registered = Te damos la bienvenida, @{ $nick }. Tu cuenta está lista y ya has entrado.
done-logged-in = Hola de nuevo, @{ $nick }.
done-logged-out = Has cerrado la sesión. En este ordenador no queda nada tuyo.
done-logged-out-kept = Has cerrado la sesión. Tus copias y tu historial se quedan en este ordenador.
logged-out-here-only = No se pudo avisar a ningún servidor: allí la sesión sigue abierta. Ciérrala más tarde desde otro dispositivo: entra y cambia la contraseña.
done-password = Tu contraseña ha cambiado. Las demás sesiones se han cerrado.
done-closed = Tu cuenta está cerrada y en este ordenador no queda nada tuyo. Adiós.
done-profile = Tu perfil ha cambiado.
done-published = Publicado con el número #{ $n }.
done-redweet = Has redweeteado a @{ $nick }.
done-unredweet = Ya no redweeteas ese dweet de @{ $nick }.
done-favourite = Ese dweet de @{ $nick } ya está entre tus favoritos.
done-unfavourite = Ese dweet de @{ $nick } ya no está entre tus favoritos.
done-bookmark = Ese dweet de @{ $nick } está entre tus marcadores. «marcadores» los muestra todos.
done-unbookmark = Ese dweet de @{ $nick } ya no está entre tus marcadores.
done-deleted = El dweet está borrado.
done-follow = Ahora sigues a @{ $nick }.
done-unfollow = Ya no sigues a @{ $nick }.
done-block = Ahora bloqueas a @{ $nick }.
done-unblock = Ya no bloqueas a @{ $nick }.
done-mute = Ahora silencias a @{ $nick }.
done-unmute = Ya no silencias a @{ $nick }.

## No hecho

refused = El servidor dice que no: { $words }
refused-too-many-wait = Demasiadas peticiones. Inténtalo otra vez dentro de { $n } segundos.
refused-nick-taken = Ese nick ya es de alguien. Elige otro.
refused-wrong-password = El nick o la contraseña no son correctos.
refused-own-password = Esa no es tu contraseña.
refused-not-found = Eso ya no está, o no es para ti.
refused-not-yours-or-gone = Ese dweet no es tuyo, o ya no está.
refused-no-such-nick = Aquí nadie tiene el nick @{ $words }. Mira cómo se escribe.
refused-oneself = Eso no te lo puedes hacer a ti.
refused-blocked = Entre vosotros hay un bloqueo.
refused-forbidden = Con ese dweet no está permitido.
refused-conflict = Cambió en ese mismo momento. Inténtalo otra vez.
refused-key-reused = Ya se envió antes de otra forma. Inténtalo otra vez.
failure-session-ended = Tu sesión ha terminado. Escribe «entrar» para volver.
failure-session-ended-command = Tu sesión ha terminado. Vuelve a entrar: tertulia login NICK
failure-mistrusted = Lo que el anillo dice de sus dispositivos no se sostiene: no está firmado por esa persona, o no es lo que decía antes. No se envió nada. Pregúntale por otra vía, y avisa a quienes llevan el anillo.
failure-unreachable = No responde ningún servidor. Inténtalo más tarde: repetirlo no lo duplica.
failure-unreachable-command = No responde ningún servidor. Inténtalo más tarde, o indica otro con --server: repetirlo no lo duplica.
failure-nothing-near = No se conoce ningún servidor, y en { $n } segundos no ha respondido ninguno en esta red. Escribe «servidor» y su dirección: la sabe quien lo lleva.
failure-nothing-near-command = No se conoce ningún servidor, y en { $n } segundos no ha respondido ninguno en esta red. Indica su dirección: --server https://192.168.1.5:8787, según te diga quien lo lleva.
hint-text-kept = Tu texto no se pierde: pulsa la flecha arriba e Intro para enviarlo otra vez.
failure-untrusted = No has aceptado { $server }, así que no se le ha enviado nada. Pide esta huella a quien lo lleva: { $fingerprint }
failure-untrusted-command = { $server } tiene un certificado por el que nadie ha respondido todavía. Si esta es su huella, indícala con --ca-fingerprint: { $fingerprint }
failure-authority-changed = No has aceptado el certificado nuevo de { $server }, así que no se le ha enviado nada. Pregunta a quien lo lleva qué ha pasado. Huella nueva: { $fingerprint }
failure-authority-changed-command = CUIDADO: el certificado de { $server } no es el que aceptaste. Puede que alguien esté escuchando, o que el anillo se haya creado de nuevo. Si esta huella nueva es la buena, indícala con --ca-fingerprint: { $fingerprint }
failure-local = Este ordenador tiene un problema: { $why }
failure-locked = Lo que guarda este ordenador está bajo una frase de paso. Pon TERTULIA_PASSPHRASE, o escríbela en un teclado.
failure-wrong-passphrase = Esa no es la frase de paso.
failure-in-use = Otro proceso usa { $file }. Termínalo primero: tertulia agent --stop
missed-no-connection = no hay conexión
missed-timed-out = no respondió a tiempo
missed-bad-certificate = su certificado no es válido
missed-busy = está ocupado, inténtalo otra vez
missed-nonsense = lo que responde ahí no es Tertulia
misuse-no-server = No se conoce ningún servidor. Escribe «servidor» para indicar uno.
misuse-no-server-command = No se conoce ningún servidor. Indica uno con --server.
misuse-which-ring = En esta red responden varios anillos:
misuse-which-ring-command = En esta red responden varios anillos. Di con --server cuál es el tuyo:
ring-unnamed = un anillo sin nombre
misuse-not-a-server = «{ $typed }» no es la dirección de un servidor. Ejemplo: 192.168.1.5:8787
misuse-not-logged-in = No has entrado. Escribe «entrar», o «registro» si no tienes cuenta.
misuse-not-logged-in-command = No has entrado. Primero: tertulia login NICK, o tertulia register NICK
misuse-no-terminal = La consola necesita un terminal. En un script cada palabra es una orden propia: tertulia --help
misuse-logged-in-as = Has entrado como @{ $nick }. Primero: tertulia logout
misuse-no-such-number = La última lista no tiene el número { $n }. Usa uno que esté delante de un dweet, sin la #.
misuse-not-a-dweet = «{ $typed }» no es un dweet. Escribe el número que tiene delante, como 1.
misuse-not-a-nick = «{ $typed }» no es un nick. Un nick tiene de 1 a 30 letras de la a a la z, cifras o _
misuse-not-a-certificate = No hay ningún certificado en { $path }
misuse-not-a-fingerprint = «{ $typed }» no es una huella SHA-256: tiene 64 cifras hexadecimales.
misuse-to-oneself = Un mensaje va a otra persona.
misuse-oneself = En la sala estás tú. Para irte: sala salir
misuse-not-a-contact = @{ $nick } no está entre tus contactos: contacts add NICK
misuse-no-request = { $typed } no pide nada. Quién pide algo: solicitudes
misuse-contacts-full = Puedes tener { $n } contactos, contando los que has quitado.
misuse-not-a-name = Un nombre tiene de 1 a 80 caracteres.
misuse-no-such-room = No tienes ninguna sala { $typed }. Tus salas están entre tus conversaciones: conversaciones
misuse-which-room = Varias salas se llaman así: { $rooms }. Escribe una de ellas.
misuse-not-in-room = Ya no estás en esa sala.
misuse-in-room = @{ $nick } ya está en la sala, o en la lista para entrar.
misuse-nobody-in-room = @{ $nick } no está en la sala.
misuse-room-full = En una sala caben { $n } personas.
misuse-not-a-message = Esto no se puede enviar: { $why }.
misuse-no-device = Este ordenador aún no puede leer tus mensajes. Conéctate al anillo una vez, por ejemplo con «conversaciones».
misuse-other-agent = Otro agente trabaja ya para ti en este ordenador.
misuse-cannot-listen = A este ordenador no se le puede alcanzar en «{ $address }»: { $why }. Indica otro puerto con --direct-address IP:PUERTO.
unfit-empty = No hay texto. Escribe unas palabras.
unfit-too-long = Sobran { $over }: caben { $max } caracteres. Acórtalo.
unfit-too-large = Hay demasiadas marcas sobre las letras. Simplifícalo.
unfit-control = Hay un carácter que no se puede mostrar. Escríbelo sin él.
no-keyboard = No hay teclado en el que preguntar. Define TERTULIA_PASSWORD (para passwd también TERTULIA_NEW_PASSWORD, para account backup y restore TERTULIA_RECOVERY_CODE), o añade --yes donde se pregunta si es seguro.

## Preguntas

ask-nick-new = Elige un nick (a-z, cifras, _):
ask-nick = Tu nick:
ask-nick-whom = ¿El nick de quién? (Ctrl-C: atrás)
ask-name = El nombre que se muestra (Intro: solo el nick):
ask-bio = Unas palabras sobre ti:
ask-password-new = Elige una contraseña (8 caracteres o más):
ask-passphrase = La frase de paso de lo que guarda este ordenador:
ask-passphrase-new = Elige una frase de paso (8 caracteres o más; mejor varias palabras):
done-passphrase-set = Lo que guarda este ordenador está ahora bajo la frase de paso. Nadie te la puede devolver.
done-passphrase-removed = Lo que guarda este ordenador ya no está bajo ninguna frase de paso.
ask-password-again = La misma contraseña otra vez:
ask-password-current = Tu contraseña actual:
ask-password = Tu contraseña:
ask-text = Tu dweet (225 caracteres como mucho):
ask-message = Tu mensaje:
ask-reply = Tu respuesta (225 caracteres como mucho):
ask-dweet = ¿Qué dweet? Su número, como 1 (Ctrl-C: atrás):
ask-search = ¿Qué buscas? (Ctrl-C: atrás)
ask-server = Dirección del servidor, como 192.168.1.5:8787:
ask-which-ring = ¿Cuál? Su número (Ctrl-C: volver):
ask-delete = ¿Borrarlo en todas partes? (sí o no)
ask-trust = ¿Es la misma? (sí o no)
ask-close-nick = Escribe tu nick para confirmarlo:
word-yes = sí
word-no = no
word-keep = conservar
cancelled = Cancelado. No se ha hecho nada.
still-asking = Preguntando a los servidores, un momento…
page-go-on = — Pulsa Intro para seguir, q para dejarlo —
trust-first = { $server } es nuevo para este ordenador. Para que nadie pueda escuchar, compara esta huella con la que mostró el servidor (pídela a quien lo lleva):
trust-changed = CUIDADO: { $server } muestra OTRO certificado, distinto del que aceptaste. Puede que alguien esté escuchando. Di que sí solo si sabes que el anillo se ha creado de nuevo:
alarm-authority = CUIDADO: { $server } figura como máquina de tu anillo, pero muestra otro certificado. No se le ha enviado nada y se ha preguntado a otra máquina. Pregunta a quien la lleva qué ha pasado.
close-warning = Esto cierra la cuenta @{ $nick } para siempre: desaparecen todos tus dweets, y nadie podrá volver a tener este nick.
hint-yes-no = Escribe sí o no.
hint-which-ring = Escribe el número que está delante del anillo, de 1 a { $max }.
hint-nick = Un nick tiene de 1 a 30 letras de la a a la z, cifras o _ (sin espacios ni acentos). Ejemplo: ana_1
hint-no-list = Todavía no hay ninguna lista. Muestra antes unos dweets, por ejemplo con «novedades».
hint-password-empty = Escribe la contraseña y pulsa Intro. Con Ctrl-C vuelves atrás.
hint-password-short = Es demasiado corta: al menos { $min } caracteres.
hint-password-differs = No son iguales. Otra vez, por favor.
hint-close-nick = Ese no es tu nick. Escríbelo tal cual, o pulsa Ctrl-C para volver atrás.
hint-room = Salas: sala crear NOMBRE @NICK… · sala añadir +SALA @NICK… · sala quitar +SALA @NICK… · sala renombrar +SALA NOMBRE · sala gente +SALA · sala salir +SALA
hint-search-empty = Escribe cómo empieza un nick o un nombre, o una #etiqueta. Con Ctrl-C vuelves atrás.
hint-did-you-mean = «{ $typed }» no está entre las opciones. ¿Querías decir «{ $near }»?
hint-unknown = «{ $typed }» no está entre las opciones. Escribe una de las palabras de abajo, o «ayuda».
hint-nothing-more = De eso no hay más. «novedades» muestra los dweets nuevos.

## La consola

welcome = Te damos la bienvenida a Tertulia.
welcome-back = Hola de nuevo, @{ $nick }.
goodbye = Adiós.
console-how-to-leave = Para salir, escribe «salir» o pulsa Ctrl-D.
server-reached = El servidor responde.
panel-hint = Escribe una palabra y pulsa Intro; pregunta el resto. O: responder 3 ¡Hola!
panel-hint-start = Escribe una palabra y pulsa Intro. ¿Es tu primera vez? Escribe: registro
help-numbers = Un número solo, como 3, muestra ese dweet y sus respuestas. Tab completa palabras y nicks.
group-start = Inicio
group-read = Leer
group-write = Escribir
group-people = Gente
group-messages = Mensajes
group-you = Tú
takes-text = TEXTO
takes-nick = NICK
takes-words = PALABRAS
takes-chat = NICK|+SALA
takes-room = QUÉ …
takes-address = DIRECCIÓN
word-register = registro
word-login = entrar
word-server = servidor
word-help = ayuda
word-quit = salir
word-feed = novedades
word-more = más
word-latest = últimos
word-thread = hilo
word-search = buscar
word-notifications = avisos
word-chats = conversaciones
word-read = leer
word-send = enviar
word-contacts = contactos
word-requests = solicitudes
word-refuse = rechazar
word-contact = contacto
word-uncontact = descontactar
word-find = encontrar
word-room = sala
room-word-create = crear
room-word-add = añadir
room-word-remove = quitar
room-word-leave = salir
room-word-rename = renombrar
room-word-people = gente
word-favourites = favoritos
word-bookmarks = marcadores
word-dweet = publicar
word-reply = responder
word-redweet = redweet
word-unredweet = unredweet
word-favourite = favorito
word-unfavourite = desfavorito
word-bookmark = marcar
word-unbookmark = desmarcar
word-delete = borrar
word-profile = perfil
word-follow = seguir
word-unfollow = dejar
word-block = bloquear
word-unblock = desbloquear
word-mute = silenciar
word-unmute = desilenciar
word-name = nombre
word-bio = bio
word-passwd = contraseña
word-whoami = quién
word-delete-account = cerrar-cuenta
word-logout = desconectar
help-register = crea una cuenta
help-login = entra con tu nick y tu contraseña
help-server = usa otro servidor
help-help = qué hace cada palabra
help-quit = deja la consola; la sesión sigue abierta
help-feed = los dweets nuevos de quienes sigues
help-more = los siguientes de la lista
help-latest = los dweets más recientes, vistos o no
help-thread = un dweet y sus respuestas
help-search = busca gente por nick o nombre, o #etiqueta
help-notifications = quién te sigue, menciona, redweetea
help-chats = tus conversaciones privadas
help-read = los mensajes con alguien, o de una sala (leer +huerto)
help-send = un mensaje privado: enviar NICK TEXTO, o enviar +SALA TEXTO
help-contacts = las personas que quieres volver a encontrar
help-requests = quien te escribe por primera vez, y salas en las que te meten desconocidos
help-accept = aceptar una solicitud: aceptar NICK, o aceptar +SALA
help-refuse = rechazarla y bloquear a quien pide: rechazar NICK, o rechazar +SALA
help-contact = añadir un contacto, o llamarlo de otra manera: contacto NICK NOMBRE
help-uncontact = quitar un contacto
help-find = tus mensajes con estas palabras
help-room = salas: crear NOMBRE @NICK… · añadir, quitar +SALA @NICK… · renombrar +SALA NOMBRE · gente, salir +SALA
help-favourites = tus favoritos
help-bookmarks = lo que guardas para luego
help-dweet = publica hasta 225 caracteres
help-reply = responde a un dweet
help-redweet = pasa un dweet a tus seguidores
help-unredweet = deshace un redweet
help-favourite = pone un dweet entre tus favoritos
help-unfavourite = lo quita de tus favoritos
help-bookmark = guarda un dweet para luego; nadie más lo sabe
help-unbookmark = ya no lo guarda
help-delete = borra un dweet tuyo
help-profile = el perfil y los dweets de alguien, o tuyos
help-follow = sus dweets llegan a tus novedades
help-unfollow = deja de seguir a alguien
help-block = ninguno de los dos ve al otro
help-unblock = deshace un bloqueo
help-mute = dejas de ver a alguien, sin que lo sepa
help-unmute = deja de silenciar a alguien
help-name = cambia el nombre que se muestra
help-bio = cambia lo que dices de ti
help-passwd = cambia tu contraseña
help-whoami = quién ha entrado aquí
help-delete-account = cierra tu cuenta para siempre
help-logout = cierra la sesión y borra lo tuyo de aquí

## La ayuda de las órdenes

help-usage = Uso
help-commands = Órdenes
help-arguments = Argumentos
help-options = Opciones
help-flag = Muestra esta ayuda
help-version = Muestra la versión
usage-unknown = «{ $argument }» no se conoce aquí.
usage-no-command = No existe la orden «{ $command }».
usage-missing = Falta algo: { $argument }
usage-no-value = Falta un valor detrás de { $argument }
usage-bad-value = «{ $value }» no vale para { $argument }
usage-conflict = «{ $argument }» no va junto con lo demás.
usage-no-verb = ¿Qué hay que hacer? Para casi todo el mundo: tertulia console
usage-near = ¿Querías decir «{ $near }»?
usage-help = Todo lo que se puede decir: { $program } --help
about-register = Crea una cuenta y entra
about-login = Entra en este ordenador
about-logout = Cierra la sesión y borra todo lo tuyo de este ordenador
about-whoami = Muestra quién ha entrado y cuánto queda sin ver
about-passwd = Cambia tu contraseña; se cierran las demás sesiones
about-profile = Muestra un perfil: el tuyo, o el de alguien
about-profile-edit = Cambia tu nombre o tu bio
about-dweet = Publica un dweet
about-reply = Responde a un dweet
about-redweet = Pasa un dweet a tus seguidores
about-unredweet = Deshace un redweet
about-favourite = Pone un dweet entre tus favoritos
about-favourites = Muestra tus favoritos
about-bookmark = Guarda un dweet para encontrarlo luego
about-bookmarks = Muestra tus marcadores
about-delete = Borra un dweet tuyo, en todas partes
about-follow = Sigue a alguien
about-unfollow = Deja de seguir a alguien
about-block = Bloquea a alguien: ninguno de los dos ve al otro
about-mute = Silencia a alguien: dejas de verle, sin que lo sepa
about-feed = Pide los dweets nuevos; pedir otra vez trae los anteriores
about-thread = Muestra un dweet con lo que responde y sus respuestas
about-search = Busca gente por nick o nombre, o una #etiqueta
about-notifications = Muestra lo que otros hicieron y te concierne
about-send = Envía un mensaje privado, que solo pueden leer quienes lo reciben
about-chats = Muestra tus conversaciones
about-read = Lee los mensajes con alguien, o de una sala
about-contacts = Las personas que quieres volver a encontrar; las conocen todos tus dispositivos, y ninguna máquina del anillo
about-contacts-add = Añade a alguien
about-contacts-rename = Llama a un contacto de otra manera
about-contacts-list = Muestra tus contactos
about-contacts-remove = Quita un contacto; tus mensajes se quedan
about-requests = Muestra lo que piden desconocidos: quien te escribe por primera vez, y salas en las que te han metido
about-requests-accept = Acepta: desde ahora sabrán que sus mensajes llegaron y se leyeron
about-requests-list = Muéstralas
about-requests-refuse = Rechaza: se borra lo dicho, se deja la sala y se bloquea a quien pide
arg-requests-accept-from = Quién pide: un nick, o una sala (+jardín)
arg-requests-refuse-from = Quién pide: un nick, o una sala (+jardín)
about-find = Busca en tus mensajes
about-export = Escribe todos tus mensajes en un archivo, sin cifrar: un objeto JSON en cada línea
about-room = Salas: conversaciones privadas de varias personas
about-room-create = Crea una sala, y hace entrar a gente
about-room-add = Hace entrar a gente
about-room-remove = Hace salir a gente: lo que se diga después no lo pueden leer
about-room-leave = Sale de una sala
about-room-rename = Da otro nombre a una sala
about-room-people = Muestra quién está en una sala
about-agent = Recibe y envía mensajes en segundo plano; lo arrancan send, room y console (TERTULIA_AGENT=off: no)
about-delete-account = Cierra tu cuenta para siempre; el nick no se vuelve a dar
about-console = La consola interactiva
arg-server = Un servidor del anillo; si hay varios se prueban por turno, y se recuerdan
arg-json = Responde con un objeto JSON en la salida estándar
arg-data = Dónde guarda sus datos este cliente
arg-ca = Fichero con el certificado de la autoridad del anillo
arg-ca-fingerprint = Huella SHA-256 de la autoridad del anillo, para aceptarla sin preguntar
arg-nick = El nick
arg-register-nick = El nick: letras de la a a la z, cifras y _
arg-login-nick = Tu nick
arg-profile-nick = De quién; si falta, el tuyo
arg-name = El nombre que se muestra
arg-bio = Unas palabras sobre ti
arg-keep = Conserva las copias y el historial
arg-dweet = El dweet: un número de la última lista (3), o un id
arg-text = El texto, de 225 caracteres como mucho; - lo lee de la entrada estándar
arg-send-to = A quién: un nick, o una sala (+huerto)
arg-send-text = El texto, de 10 000 caracteres como mucho; - lo lee de la entrada estándar
arg-read-with = Con quién: un nick, o una sala (+huerto)
arg-contacts-add-nick = A quién
arg-contacts-add-name = Cómo le llamas
arg-contacts-rename-nick = A quién
arg-contacts-rename-name = Cómo le llamas
arg-contacts-remove-nick = A quién
arg-find-words = Qué
arg-find-limit = Cuántos, 200 como mucho
arg-export-file = El archivo; - es la salida estándar
arg-room = La sala: +huerto
arg-nicks = A quién
arg-room-create-name = Cómo se llama
arg-room-create-nicks = A quién hacer entrar
arg-room-rename-name = El nombre nuevo
arg-agent-stop = Parar el agente que trabaja para ti en este ordenador
arg-read-limit = Cuántos, 200 como mucho
arg-read-follow = Quedarse, y mostrar lo que llega
arg-agent-direct = Acepta también mensajes directos de los ordenadores de otras personas. Quien esté en este anillo y no tengas bloqueado podrá saber tu dirección
arg-agent-direct-address = Dónde se alcanza este ordenador, y en qué puerto escucha. Sin ella: en todas sus direcciones, en un puerto libre
arg-undo = Deshacerlo
arg-latest = Los más recientes, sin marcar nada como visto
arg-limit = Cuántos, 40 como mucho
arg-before = Solo lo anterior a este id
arg-words = Qué se busca
arg-yes = No preguntar si es seguro

# Mensajes privados.
messages-offline = Ninguna máquina responde: esto es lo que guarda este ordenador.
messages-empty = Aún no hay mensajes con { $with }.
messages-you = tú
messages-you-whom = ti
room-left = ya no estás en esta sala
room-to-come = en la lista; entra cuando tenga un dispositivo
room-to-go = está saliendo
contacts-empty = Aún no hay contactos. Añade uno: contacts add NICK
contacts-verified = comprobado
found-no-message = Ningún mensaje tiene estas palabras.
exported = { $n ->
    [one] 1 línea escrita
   *[other] { $n } líneas escritas
} en { $file }. Quien lea este archivo puede leer tus mensajes.
event-began = { $who } ha creado esta sala: { $name }
event-began-you = has creado esta sala: { $name }
event-added = { $who } ha hecho entrar a { $subject }
event-added-you = has hecho entrar a { $subject }
event-removed = { $who } ha hecho salir a { $subject }
event-removed-you = has hecho salir a { $subject }
event-out = ya no estás en esta sala
event-left = { $who } se ha ido
event-left-you = te has ido
event-renamed = { $who } ha llamado { $name } a la sala
event-renamed-you = has llamado { $name } a la sala
chats-empty = Aún no hay conversaciones. Empieza una: enviar NICK TEXTO
chats-requests = { $n ->
    [one] 1 desconocido pide una conversación: solicitudes
   *[other] { $n } desconocidos piden una conversación: solicitudes
}
chats-requests-command = { $n ->
    [one] 1 desconocido pide una conversación: tertulia requests
   *[other] { $n } desconocidos piden una conversación: tertulia requests
}
requests-empty = Nadie pide nada.
request-room = te ha metido en { $room }
request-texts = { $n ->
    [one] 1 mensaje
   *[other] { $n } mensajes
}
requests-next = No sabrán nada hasta que aceptes: leer NICK · aceptar NICK · rechazar NICK
requests-next-command = No sabrán nada hasta que aceptes: tertulia read NICK, tertulia requests accept NICK, tertulia requests refuse NICK
agent-begins = Recibiendo y enviando para @{ $nick }. Ctrl-C lo para.
agent-stopped = El agente se ha parado.
agent-none = Ningún agente trabaja para ti en este ordenador.
agent-direct = Otros pueden traer mensajes directamente: todas las personas de este anillo que no tengas bloqueadas pueden saber tu dirección.
agent-connected = Una máquina responde de nuevo.
agent-disconnected = Ninguna máquina responde; se vuelve a intentar.
chats-unread = { $n ->
    [one] 1 nuevo
   *[other] { $n } nuevos
}
sent-waiting = Guardado. Llegará a { $to } cuando se pueda alcanzar el anillo y haya un dispositivo.
sent-at-home = Enviado a { $to }.
sent-delivered = Entregado a { $to }.
sent-refused = { $to } no lo acepta.
sent-expired = { $to } no lo ha recogido en 30 días; ya no está en su casa.
progress-waiting = espera aquí
progress-at-home = enviado
progress-delivered = entregado
progress-read = leído
progress-refused = no aceptado
progress-expired = caducado: nadie lo recogió en 30 días
alarm-new-identity = ATENCIÓN: @{ $nick } tiene una identidad nueva. Puede que haya empezado de nuevo, o que otra persona esté en su lugar: pregúntale.
alarm-other-history = ATENCIÓN: el anillo muestra historias distintas de los dispositivos de @{ $nick }. Puede que alguien escuche: avisa a quienes llevan el anillo.
alarm-unopened = Un mensaje de @{ $nick } no se pudo abrir. Pídele que lo envíe de nuevo.

# Varios dispositivos.
misuse-other-devices = Ya tienes otro dispositivo, y este aún no tiene acceso. Escribe «vincular» aquí y en el otro; o «recuperar», si tienes un código de recuperación y ningún otro dispositivo.
misuse-other-devices-command = Ya tienes otro dispositivo, y este aún no tiene acceso. Ejecuta «tertulia link» aquí y después en el otro; o «tertulia account restore», si tienes un código de recuperación y ningún otro dispositivo.
hint-link = Este ordenador aún no puede leer tus mensajes. Escribe «vincular» aquí y en tu otro dispositivo; o «recuperar», si tienes un código de recuperación y ningún otro dispositivo.
hint-link-command = Este ordenador aún no puede leer tus mensajes. Ejecuta «tertulia link» aquí y después en tu otro dispositivo; o «tertulia account restore», si tienes un código de recuperación y ningún otro dispositivo. Sin ninguno de los dos: tertulia devices reset
misuse-this-device = Es este dispositivo. Para dejarlo, escribe «desconectar».
misuse-this-device-command = Es este dispositivo. Para dejarlo: tertulia logout
misuse-shut-out = Otro dispositivo tuyo ha excluido a este. Si es tuyo, escribe «vincular» aquí y en el otro para darle acceso de nuevo; si no, cerrar la sesión borra todo lo que hay aquí.
misuse-shut-out-command = Otro dispositivo tuyo ha excluido a este. Si es tuyo, ejecuta «tertulia link» aquí y en el otro para darle acceso de nuevo; si no, «tertulia logout» borra todo lo que hay aquí.
misuse-no-other-device = Aún no tienes ningún dispositivo que pueda dar acceso a este. Escribe o lee un mensaje, y este será el primero.
misuse-no-other-device-command = Aún no tienes ningún dispositivo que pueda dar acceso a este. Úsalo (tertulia chats) y será el primero.
misuse-no-such-code = Nadie espera con este código: ya se usó, tiene más de diez minutos o es de otra persona. Escribe «vincular» otra vez en el ordenador nuevo y toma el código que muestre entonces.
misuse-no-such-code-command = Nadie espera con este código: ya se usó, tiene más de diez minutos o es de otra persona. Ejecuta «tertulia link» otra vez en el ordenador nuevo y toma el código que muestre entonces.
misuse-link-broken = El otro dispositivo no siguió. No se ha perdido nada: escribe «vincular» otra vez en los dos.
misuse-link-broken-command = El otro dispositivo no siguió. No se ha perdido nada: ejecuta «tertulia link» otra vez en los dos.
misuse-other-identity = Desde entonces has empezado de nuevo con otra identidad, y esta no se puede recuperar. Primero da acceso a este ordenador con «vincular»; después «recuperar» con un archivo trae lo que se dijo.
misuse-other-identity-command = Desde entonces has empezado de nuevo con otra identidad, y esta no se puede recuperar. Primero da acceso a este ordenador (tertulia link); después «tertulia account restore ARCHIVO» trae lo que se dijo.
misuse-not-shown = El número de @{ $nick } no se ha mostrado aquí, o ha cambiado desde entonces. Escribe «verificar { $nick }» y compáralo primero.
misuse-not-shown-command = El número de @{ $nick } no se ha mostrado aquí, o ha cambiado desde entonces. Compáralo primero: tertulia verify { $nick }
misuse-held-back = No enviado: @{ $nick } tiene otra identidad que la que verificaste. Pregúntale por otro medio. Después escribe «verificar { $nick }» para comparar de nuevo, o «verificar { $nick } aceptar».
misuse-held-back-command = No enviado: @{ $nick } tiene otra identidad que la que verificaste. Pregúntale por otro medio. Después compara de nuevo (tertulia verify { $nick }) o tómala como está (tertulia verify { $nick } --accept).
restored-devices = Estos son tus dispositivos. Excluye los perdidos con «excluir»:
restored-devices-command = Estos son tus dispositivos. Excluye los perdidos con «tertulia devices revoke ID»:
verify-held-back = Esta es OTRA identidad que la que verificaste, y no se envía nada a @{ $nick }. Si los números son iguales, escribe «verificar { $nick } confirmar».
verify-held-back-command = Esta es OTRA identidad que la que verificaste, y no se envía nada a @{ $nick }. Si los números son iguales: tertulia verify { $nick } --confirm
verify-verified = Has verificado a @{ $nick }.
verify-verified-command = Has verificado a @{ $nick }.
verify-not-yet = Si @{ $nick } ve el mismo número, escribe «verificar { $nick } confirmar». Si no, alguien está en medio.
verify-not-yet-command = Si @{ $nick } ve el mismo número: tertulia verify { $nick } --confirm. Si no, alguien está en medio.
misuse-devices-change = Tus dispositivos se están cambiando desde otro sitio en este momento. Inténtalo de nuevo.
misuse-not-a-device = Ningún dispositivo tuyo, o más de uno, empieza por «{ $typed }». «devices» los muestra.
misuse-not-a-code = Un código tiene 7 grupos de 5 letras y cifras.
misuse-mistyped-code = El grupo { $n } del código está mal escrito o fuera de lugar.
misuse-code-needed = Tu código de recuperación se hizo en otro dispositivo. Escríbelo, o haz uno nuevo con --new-code.
misuse-no-backup = No hay ninguna copia tuya en el anillo. Indica el archivo, si lo tienes.
misuse-wrong-code = Este código de recuperación no abre la copia.
misuse-damaged-backup = Eso no es una copia, o está dañada. Usa otra.
misuse-newer-backup = Un Tertulia más nuevo hizo esta copia. Usa esa versión.
misuse-old-backup = Esta es tu copia número { $n }, y la más nueva es la { $newest }. Usa esa, o toma esta de todos modos con --older.
misuse-no-identity = @{ $nick } aún no tiene ningún dispositivo, y por eso tampoco número de seguridad.
alarm-other-than-verified = ATENCIÓN: @{ $nick } TIENE OTRA IDENTIDAD QUE LA QUE VERIFICASTE. Puede que alguien esté en su lugar. No se le envía nada hasta que tú lo digas: verify { $nick }
alarm-older-disk = Este ordenador volvió a un estado anterior: falta lo que llegó y lo que se dijo desde entonces. Sus claves se hacen de nuevo.
alarm-unfit-package = Un dispositivo de @{ $nick } no pudo entrar: las claves que dejó no encajan. No se entera de nada hasta que deje otras; sus demás dispositivos sí.
alarm-older-ring = El anillo se recuperó de una copia de seguridad: pueden faltar mensajes que te esperaban allí, y lo que hiciste allí desde entonces. Tus conversaciones empiezan con claves nuevas.
link-code = Escribe este código en tu otro dispositivo (allí: link):
    
        { $code }
    
    Este ordenador es { $device }. El código sirve una vez, durante diez minutos. Esperando…
link-guest = El ordenador «{ $computer }» ({ $device }) pide leer y escribir tus mensajes.
link-met = El otro dispositivo responde.
link-messages = { $n } mensajes hasta ahora…
link-entered = El ordenador nuevo es uno de tus dispositivos.
reset-warning = Esto anula todos tus dispositivos, empieza una identidad nueva en este ordenador y avisa a todos los que te escriben. Hazlo solo si has perdido todos los dispositivos y no tienes código de recuperación.
backup-code = TU CÓDIGO DE RECUPERACIÓN. Anótalo y guárdalo bien: no se vuelve a mostrar.
    
        { $code }
    
    Con tu nick, tu contraseña y este código recuperas tu identidad y tu gente cuando se pierden todos los dispositivos; con el archivo, también tus mensajes.
ask-link-code = El código que muestra el ordenador nuevo:
ask-link = ¿Es tuyo y muestra el mismo nombre? (sí o no)
ask-reset = ¿Empezar de nuevo? (sí o no)
ask-recovery-code = Tu código de recuperación:
ask-device = ¿Qué dispositivo? El principio de su nombre:
devices-empty = Aún no tienes ningún dispositivo.
devices-this = este
done-shut-out = { $device } queda excluido y su sesión, cerrada. No lee nada de lo que se envíe desde ahora.
done-reset = Has empezado de nuevo. Quienes te escriben reciben un aviso: cuéntaselo.
done-linked-here = Este ordenador ya es uno de tus dispositivos. Con él llegaron { $n } mensajes.
done-linked = El ordenador nuevo ya es uno de tus dispositivos. Se le pasaron { $n } mensajes.
groups-waiting = { $n ->
    [one] Queda una conversación
   *[other] Quedan { $n } conversaciones
} por renovar: se hace antes de que allí se diga algo.
done-backed-up = { $n } mensajes están en la copia { $file }. Tu identidad y tu gente están también en el anillo.
done-restored-identity = Vuelves a ser tú: la misma identidad, nadie recibe un aviso. Volvieron { $n } mensajes.
done-restored = Volvieron { $n } mensajes.
verify-number = El número entre tú y @{ $nick }. Compáralo con el que ve, de viva voz o lado a lado:
takes-file = ARCHIVO
takes-device = DISPOSITIVO
word-verify = verificar
word-devices = dispositivos
word-link = vincular
word-revoke = excluir
word-backup = copia
word-restore = recuperar
word-confirm = confirmar
device-word-reset = reiniciar
word-accept = aceptar
help-verify = comparar el número de seguridad: verificar NICK
help-devices = los ordenadores en los que lees mensajes; dispositivos reiniciar empieza de nuevo si se perdieron todos
help-link = dar acceso a un ordenador nuevo: en los dos
help-revoke = excluir un dispositivo perdido
help-backup = guardar lo que no se puede perder
help-restore = recuperarlo, con tu código
about-devices = Mostrar tus dispositivos: los ordenadores en los que lees mensajes
about-devices-revoke = Excluir un dispositivo perdido: no lee nada de lo que se envíe desde ahora
about-devices-reset = Empezar de nuevo si se perdieron todos los dispositivos y no hay código: se avisa a todos los que te escriben
about-link = Dar acceso a tus mensajes a un ordenador nuevo: ejecútalo allí, y después aquí con el código que muestra
about-verify = Comparar tu número de seguridad con alguien, para saber que nadie está en medio
about-account = Guardar lo que no se puede perder, o recuperarlo
about-account-backup = Guardar tu identidad, tu gente y tus mensajes con un código de recuperación
about-account-restore = Recuperar una copia con tu código de recuperación
about-account-passphrase = Una frase de paso sin la que nadie lee lo que guarda este ordenador
about-account-passphrase-set = Elegir una, u otra; se pide cuando hace falta
about-account-passphrase-remove = Quitarla
arg-devices-revoke-device = El principio de su nombre, como lo muestra la lista
arg-code = El código que muestra el ordenador nuevo; sin él, este muestra uno o lo pide
arg-label = Cómo se llamará este ordenador entre tus dispositivos; otros pueden verlo
arg-verify-nick = Con quién
arg-confirm = El número que se mostró es el que ve la otra persona
arg-accept = Tomar su nueva identidad sin comparar
arg-account-backup-file = Dónde escribirla; si no, tertulia-NICK.backup en este directorio
arg-account-restore-file = El archivo; sin él, vuelven solo tu identidad y tu gente
arg-new-code = Hacer un código nuevo; el anterior ya no abre las copias siguientes
arg-older = Tomarla aunque haya una copia más nueva
misuse-backup-waits = Tu identidad espera en el anillo, y nadie recibe un aviso si la recuperas: escribe «recuperar», con tu código de recuperación.
misuse-backup-waits-command = Tu identidad espera en el anillo, y nadie recibe un aviso si la recuperas con tu código de recuperación: tertulia account restore. Si no tienes el código: tertulia devices reset
