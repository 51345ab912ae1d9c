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
misuse-logged-in-as = Has entrado como @{ $nick }. Primero: tertulia logout
misuse-no-such-number = La última lista no tiene el número { $n }. Usa uno que esté delante de un dweet, sin la #.
misuse-not-a-dweet = «{ $typed }» no es un dweet. Escribe el número que tiene delante, como 1.
misuse-not-a-nick = «{ $typed }» no es un nick. Un nick tiene de 1 a 30 letras de la a a la z, cifras o _
misuse-not-a-certificate = No hay ningún certificado en { $path }
misuse-not-a-fingerprint = «{ $typed }» no es una huella SHA-256: tiene 64 cifras hexadecimales.
misuse-to-oneself = Un mensaje va a otra persona.
misuse-not-a-message = Esto no se puede enviar: { $why }.
misuse-no-device = Este ordenador aún no puede leer tus mensajes. Conéctate al anillo una vez, por ejemplo con «conversaciones».
misuse-other-agent = Otro agente trabaja ya para ti en este ordenador.
misuse-cannot-listen = A este ordenador no se le puede alcanzar en «{ $address }»: { $why }. Indica otro puerto con --direct-address IP:PUERTO.
misuse-other-devices = Lees tus mensajes en otro ordenador. Este aún no se le puede añadir: usa aquel, o cierra antes la sesión allí.
unfit-empty = No hay texto. Escribe unas palabras.
unfit-too-long = Sobran { $over }: caben { $max } caracteres. Acórtalo.
unfit-too-large = Hay demasiadas marcas sobre las letras. Simplifícalo.
unfit-control = Hay un carácter que no se puede mostrar. Escríbelo sin él.
no-keyboard = No hay teclado en el que preguntar. Define TERTULIA_PASSWORD (para passwd también TERTULIA_NEW_PASSWORD).

## Preguntas

ask-nick-new = Elige un nick (a-z, cifras, _):
ask-nick = Tu nick:
ask-nick-whom = ¿El nick de quién? (Ctrl-C: atrás)
ask-name = El nombre que se muestra (Intro: solo el nick):
ask-bio = Unas palabras sobre ti:
ask-password-new = Elige una contraseña (8 caracteres o más):
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
help-read = los mensajes con alguien
help-send = un mensaje privado: enviar NICK TEXTO
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
about-send = Envía un mensaje privado, que solo puede leer quien lo recibe
about-chats = Muestra tus conversaciones
about-read = Lee los mensajes con alguien
about-agent = Recibe y envía mensajes en segundo plano, hasta que se le pare
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
arg-send-nick = A quién
arg-send-text = El texto, de 10 000 caracteres como mucho; - lo lee de la entrada estándar
arg-read-nick = Con quién
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
messages-empty = Aún no hay mensajes con @{ $nick }.
messages-you = tú
chats-empty = Aún no hay conversaciones. Empieza una: enviar NICK TEXTO
agent-begins = Recibiendo y enviando para @{ $nick }. Ctrl-C lo para.
agent-direct = Otros pueden traer mensajes directamente: todas las personas de este anillo que no tengas bloqueadas pueden saber tu dirección.
agent-connected = Una máquina responde de nuevo.
agent-disconnected = Ninguna máquina responde; se vuelve a intentar.
chats-unread = { $n ->
    [one] 1 nuevo
   *[other] { $n } nuevos
}
sent-waiting = Guardado. Le llegará a @{ $nick } cuando se pueda alcanzar el anillo y tenga un dispositivo.
sent-at-home = Enviado a @{ $nick }.
sent-delivered = Entregado a @{ $nick }.
sent-refused = @{ $nick } no lo acepta.
progress-waiting = espera aquí
progress-at-home = enviado
progress-delivered = entregado
progress-read = leído
progress-refused = no aceptado
alarm-new-identity = ATENCIÓN: @{ $nick } tiene una identidad nueva. Puede que haya empezado de nuevo, o que otra persona esté en su lugar: pregúntale.
alarm-other-history = ATENCIÓN: el anillo muestra historias distintas de los dispositivos de @{ $nick }. Puede que alguien escuche: avisa a quienes llevan el anillo.
alarm-unopened = Un mensaje de @{ $nick } no se pudo abrir. Pídele que lo envíe de nuevo.
