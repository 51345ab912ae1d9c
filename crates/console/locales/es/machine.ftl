# Lo que leen quienes llevan una máquina, en español. Mismas claves y variables que en los demás idiomas: una prueba las compara.

## Las órdenes

about = Un microblog y un mensajero que una comunidad lleva en sus propias máquinas
about-up = Poner en marcha una máquina en primer plano; la primera vez funda un anillo
about-join = Poner en marcha en primer plano una máquina más de un anillo; la primera vez se une a él
about-token = Escribir la orden con la que se une otra máquina
about-status = Mostrar el anillo: sus máquinas, qué hay dónde y qué se puede perder
about-lookup = Mostrar el camino desde esta máquina hasta el hogar de un nick
about-leave = Entregar todo lo que guarda esta máquina, y pararla
about-remove = Quitar para siempre otra máquina del anillo
about-recover = Seguir con las copias que quedan aquí, cuando las demás se han perdido para siempre
about-backup = Guardar el anillo entero en un archivo mientras funciona
about-restore = Recuperar un anillo de una copia de seguridad, en un directorio nuevo: las máquinas viejas le son extrañas
about-key-file = Hacer un archivo de clave, con la que se cifran los datos de una máquina
about-completion = Escribir el guion de autocompletado para un intérprete de órdenes
about-man = Escribir las páginas de manual en un directorio
arg-machine-data = Directorio de los datos de esta máquina [por omisión: data]
arg-http = Dirección y puerto para personas y aplicaciones; fuera de la propia máquina habla TLS [por omisión: 127.0.0.1:8787]
arg-peer = Dirección y puerto para otras máquinas; el puerto 0 toma uno libre [por omisión: 127.0.0.1:8788]
arg-advertise = Dónde encuentran otras máquinas a esta, si no es en --peer: HOST o HOST:PUERTO; se puede repetir
arg-key-file = Archivo con la clave con la que se cifran los datos de esta máquina; se decide al fundar el anillo
arg-no-entry = No dejar entrar aquí ni a personas ni a máquinas nuevas, y recomendarles otras
arg-replicas = En cuántas máquinas han de estar los datos de cada cual, de 1 a 9; se decide al fundar el anillo [por omisión: 5]
arg-names = Un nombre por el que se llega a esta máquina, para su certificado; se puede repetir
arg-tls-cert = Cadena de certificados (PEM) en lugar de la autoridad del anillo
arg-tls-key = Clave privada (PEM) de ese certificado
arg-title = Cómo se llama la comunidad
arg-log = Cuánto se anota: error, warn, info, debug, o por partes, como tertulia_node=debug [por omisión: warn]
arg-log-json = Anotar un objeto JSON por línea
arg-rate-limit = Límites de cuántas veces pueden preguntar personas y direcciones; off es para pruebas de carga
arg-config = Archivo de ajustes [por omisión: tertulia.toml en el directorio de datos]
arg-contacts = Dirección de otra máquina del anillo, varias por turno; si falta, se busca una en esta red
arg-token = El testigo que ha hecho una máquina del anillo (tertulia token). Otros usuarios de este ordenador ven lo que hay en una línea de órdenes: la variable o --token-file se lo ocultan
arg-token-file = Un archivo con el testigo, si --token no lo da; - es la entrada estándar
arg-behind-proxies = Un proxy que dice para quién pregunta (X-Forwarded-For): dirección, o red como 10.0.0.0/8; se puede repetir
arg-open-metrics = Deja que cualquiera lea las cifras de /metrics, y no solo quien está en este ordenador
arg-force = La excluye aunque haya tramos que pierdan así su mayoría
arg-join-as = Qué ha de ser la máquina: auto lo deja al anillo, o al testigo
arg-token-as = Qué puede ser la otra máquina
arg-valid = Cuánto tiempo vale el testigo: 90m, 24h, 7d
arg-watch = Seguir mostrándolo cada vez que cambia
arg-machine = El id de la máquina, o sus primeras cifras, como lo muestra status
arg-from-this-copy = Lo que hay en el disco de esta máquina es la verdad desde ahora
arg-backup-to = El archivo que se escribe; no debe existir todavía
arg-backup-file = La copia de seguridad
arg-backup-passphrase-file = Un archivo con la frase de la copia de seguridad; - es la entrada estándar
arg-restore-key-file = Archivo con la clave con la que se han de cifrar los datos de la máquina
arg-key-file-to = El archivo que se escribe, aparte de los datos; no debe existir todavía
arg-completion-shell = Para qué intérprete
arg-man-directory = Adónde

## Una máquina en marcha

up-running = Tertulia { $version } está en marcha en { $url }
up-data = Sus datos están en { $data }
up-encrypted = Allí están cifrados, con la clave de { $file }
up-fingerprint = Huella de la autoridad del anillo (SHA-256): { $fingerprint }
up-trust = Cómo pueden confiar en ella teléfonos y ordenadores: { $url }/trust
up-next = Ahora, en otra terminal:
up-apps = Las aplicaciones hechas para Mastodon funcionan con la misma dirección.
up-stop = Ctrl-C detiene la máquina.
up-stopping = Deteniendo: se termina lo empezado. Otra vez Ctrl-C acaba de inmediato.
up-stopped = Detenida.
up-left = Esta máquina ha dejado el anillo y se ha detenido. Las demás tienen todo lo que tenía: { $data } se puede borrar.
up-resumes = Esta máquina ya es del anillo «{ $ring }», y sigue.
up-replicas-settled = El anillo guarda { $settled } copias: se decidió al fundarlo, y --replicas no cambia nada.
up-another-machine = Una máquina más para este anillo (el testigo vale 24 horas):
up-another-machine-how = Una máquina más para este anillo: tertulia token --data { $data } escribe lo que hay que ejecutar allí.
up-here-too = (En este mismo ordenador, añade: { $more })
up-peer-loopback = Las máquinas de otros ordenadores aún no llegan a esta: ponla en marcha con --peer y una dirección a la que lleguen.
key-file-made = Hay una clave nueva en { $file }. Guarda una copia en lugar seguro, aparte de los datos: sin ella nadie puede leer lo que se cifre con ella.
key-file-exists = { $file } ya existe, y nunca se escribe encima de un archivo de clave. Di otro archivo.
key-file-unusable = El archivo de clave { $file } no se puede usar: { $why }.
key-file-no-key = { $file } no es un archivo de clave: ha de contener 64 cifras hexadecimales. «tertulia key-file ARCHIVO» hace uno.
key-file-open = Otros pueden leer o cambiar el archivo de clave { $file }, así que no protege nada. Hazlo solo tuyo: chmod 600 { $file }
key-file-inside = El archivo de clave { $file } está en el directorio de los datos: quien tenga los datos tendría la clave. Guárdalo en otra parte.
key-file-missing = Los datos de { $data } están cifrados. Indica con --key-file el archivo que contiene su clave. No se ha hecho nada.
key-file-other = Los datos de { $data } están cifrados con otra clave. Indica con --key-file el archivo de clave con el que empezaron. No se ha hecho nada.
key-file-in-the-clear = Los datos de { $data } no están cifrados, como se decidió al fundar su anillo. Arranca sin --key-file; «tertulia backup» y «tertulia restore --key-file» hacen de él un anillo cifrado. No se ha hecho nada.
key-file-damaged = { $file } está dañado, así que no se ha hecho nada. Da otro directorio con --data, y únete al anillo desde allí.
join-joined = Esta máquina se ha unido al anillo «{ $ring }».
join-no-token = Falta un testigo. Ejecuta «tertulia token» en una máquina del anillo, y usa la orden que escribe.
join-other-ring = El directorio { $data } es de otro anillo, «{ $ring }», así que no se ha hecho nada. Da otro directorio con --data.
join-bad-token = Eso no es un testigo: está dañado o cortado. Copia entera la línea que escribió «tertulia token».

## Lo que piden quienes llevan una máquina

token-command = Ejecuta esto en el otro ordenador (vale { $time }):
token-loopback = Nota: a esta máquina solo se llega desde este ordenador. Para las demás, ponla en marcha con --peer y una dirección a la que lleguen.
unreached-no-directory = No existe el directorio { $data }. Di con --data cuál es el de la máquina.
unreached-not-running = Ninguna máquina está en marcha en { $data }. Ponla en marcha (tertulia up --data { $data }), o di otro directorio con --data.
unreached-not-yours = No puedes usar { $data }. Hazlo como el usuario que lleva la máquina.
unreached-silent = La máquina de { $data } no responde. Mira lo que anota, o inténtalo otra vez.
unreached-nonsense = La máquina de { $data } responde algo que este programa no entiende. Usa el programa con el que se puso en marcha.
unreached-io = No se puede preguntar a la máquina de { $data }: { $why }
denied-busy = La máquina tiene demasiadas órdenes a la vez. Inténtalo otra vez.
denied-version = La máquina se puso en marcha con otra versión de este programa. Usa esa, o vuelve a ponerla en marcha.
denied-malformed = La máquina no entiende esto.
denied-stopping = La máquina se está deteniendo.
denied-not-now = Ahora no se puede: algo que hace falta no responde. Mira «tertulia status», e inténtalo otra vez.
denied-unknown-machine = El anillo no conoce la máquina { $machine }. «tertulia status» muestra las que hay.
denied-ambiguous-machine = Más de una máquina empieza por { $machine }. Escribe más cifras.
denied-itself = Es esta misma máquina. Para sacarla del anillo: tertulia leave
denied-last-machine = Es la última máquina que guarda datos: no puede dejar el anillo, o se perdería todo. Para acabar con el anillo, párala y borra sus datos.
denied-no-key = Esta máquina es una pasarela y no tiene la clave del anillo: no puede admitir ni quitar. Usa una máquina que guarde datos.
denied-nothing-lost = No hay nada que recuperar: cada grupo con una copia aquí conserva su mayoría. Mira «tertulia status».
denied-needed = Sin { $machine } estos tramos no tienen mayoría: { $detail }. Lo que solo ella tiene de ellos se perdería. Si puede volver, ponla en marcha. Si nunca volverá, ejecuta «tertulia recover --from-this-copy» en la máquina que tenga la mejor copia, y quítala después; o añade --force.
denied-newer-elsewhere = La máquina { $detail } responde, y es con su copia con la que hay que seguir. Ejecuta «tertulia recover --from-this-copy» allí.
denied-failed = No se ha podido hacer: { $detail }
no-keyboard-yes = No hay teclado para preguntar. Si es seguro, añade --yes.
leave-begun = Esta máquina entrega lo que guarda. Ctrl-C aquí no lo detiene; la misma orden lo muestra otra vez.
leave-progress = Copias que siguen aquí: { $n } de { $all }.
leave-catching-up = Se espera a que otra copia de { $group } se ponga al día.
leave-no-leader = Se espera a que { $group } tenga líder.
leave-silent = Se espera a { $machine }, que no responde.
leave-done = Hecho: esta máquina ha dejado el anillo, y se detiene.
leave-broken-off = La máquina se ha detenido antes de dejar el anillo. Ponla otra vez en marcha: seguirá con ello.
remove-alive = La máquina { $machine } responde. Si ha de irse en paz, ejecuta allí «tertulia leave». Si se quita, se la rechaza en todas partes para siempre, y lo que solo ella tiene se pierde.
ask-remove = ¿Quitarla de todos modos? (sí o no)
remove-done = La máquina { $machine } está quitada. Su clave se rechaza en todas partes; sus copias se hacen de nuevo en otras.
recover-warning = CUIDADO. Lo que hay en el disco de esta máquina será la verdad para cada tramo que ha perdido su mayoría. Lo que solo tenían las máquinas perdidas se pierde, y se las rechaza para siempre. Hazlo solo si no van a volver.
recover-ranges = Tramos sin mayoría: { $ranges }
ask-recover = Escribe el nombre del anillo («{ $ring }») para seguir.
ask-recover-name = Nombre del anillo:
hint-recover = Ese no es el nombre del anillo. Escríbelo exactamente, o pulsa Ctrl-C para volver.
recover-done = { $n ->
    [one] 1 tramo sigue con la copia de esta máquina.
   *[other] { $n } tramos siguen con las copias de esta máquina.
}
recover-next = Ahora une otras máquinas (tertulia token), para que nada dependa de este disco solo.
backup-copying = Se hacen las copias: { $percent } % del anillo.
backup-fetching = Se recogen las copias: { $percent } %.
backup-done = El anillo está guardado en { $file }: { $n ->
    [one] 1 tramo
   *[other] { $n } tramos
}, { $megabytes } MB.
backup-several-moments = No se pudo pedir a todas las máquinas que esperasen: puede que los tramos se copiaran en momentos algo distintos. Lo que alguien acababa de hacer puede verse de un solo lado (un seguimiento que no se cuenta, un dweet que no le llegó a un lector). Si puedes, haz otra copia cuando «tertulia status» esté en calma.
backup-secret = Guárdala bien: quien la tenga junto con su frase tiene todo lo que tus máquinas saben de la gente, y la clave de tu anillo. Sin la frase nadie puede abrirla, tú tampoco.
backup-secret-in-the-clear = MANTENLA EN SECRETO. No está cifrada, y quien la tenga tiene todo lo que tus máquinas saben de la gente, y la clave de tu anillo. Para ponerla bajo una frase: --passphrase-file
backup-file-exists = Ya hay un archivo { $file }, y se queda como está. Nombra otro con --to.
backup-not-written = No se puede escribir { $file }: { $why }
backup-passphrase-unread = No se puede leer la frase de { $file }: { $why }
backup-passphrase-empty = No hay ninguna frase en { $file }: su primera línea está vacía.
restore-reading = Se lee la copia de seguridad: { $percent } %.
restore-done = El anillo «{ $ring }» está en { $data }, entero en esta única máquina: { $n ->
    [one] 1 tramo.
   *[other] { $n } tramos.
}
restore-next = Ponla en marcha (tertulia up --data { $data }, con sus direcciones) y une otras máquinas (tertulia token).
restore-old-machines = Las máquinas de antes son extrañas para este anillo, y él para ellas. No las pongas más en marcha: extraviarían a la gente cuyos programas las recuerdan.
restore-not-empty = { $file } no está vacío, así que no se ha hecho nada. Hace falta un directorio nuevo: nómbralo con --data.
restore-no-backup = { $file } no es la copia de seguridad de un anillo. «tertulia backup» hace una.
restore-version = Este programa no puede leer { $file }: { $why }. Usa la versión de Tertulia que la hizo, o una más nueva.
restore-locked = { $file } está bajo una frase. Da un archivo que la contenga con --passphrase-file.
restore-wrong-passphrase = Esta frase no abre { $file }, o el archivo está dañado al principio. No se ha hecho nada.
restore-cut-off = La copia de seguridad no está completa: le falta el final. No se ha hecho nada; usa otra.
restore-damaged = La copia de seguridad está dañada: no es como se escribió. No se ha hecho nada; usa otra.
restore-clock = Esta copia se hizo el { $why }, y según el reloj de este ordenador eso aún está por venir. Pon el reloj en hora e inténtalo otra vez.
restore-encrypted = El anillo de { $file } cifra sus datos. Dale a la máquina un archivo de clave con --key-file; «tertulia key-file ARCHIVO» hace uno. No se ha hecho nada.
restore-failed = No se ha podido hacer ({ $file }): { $why }. Lo que hay en el directorio de datos no es de ningún anillo: bórralo antes de intentarlo otra vez.

## El anillo en la pantalla

ring-storing = { $n ->
    [one] 1 máquina
   *[other] { $n } máquinas
}
ring-gateways = { $n ->
    [one] y 1 pasarela
   *[other] y { $n } pasarelas
}
ring-replicas = { $n ->
    [one] se quiere 1 copia
   *[other] se quieren { $n } copias
}
ring-tolerates = { $n ->
    [0] Ahora no se puede perder ninguna máquina.
    [one] Ahora se puede perder una máquina cualquiera.
   *[other] Ahora se pueden perder { $n } máquinas cualesquiera.
}
ring-asked = preguntado en { $machine }
ring-partial = NO HAN RESPONDIDO TODAS: esto es solo una parte.
ring-head-machine = máquina
ring-head-role = papel
ring-head-state = estado
ring-head-position = en
ring-head-leads = lidera
ring-head-copies = copias
ring-head-address = dirección
ring-head-range = tramo
ring-head-share = parte
ring-head-size = tamaño
ring-head-end = acaba en
ring-head-leader = líder
ring-head-held = copias
ring-role-node = nodo
ring-role-replica = réplica
ring-role-gateway = pasarela
ring-state-alive = viva
ring-state-suspect = dudosa
ring-state-dead = muerta
ring-state-leaving = se va
ring-state-left = se fue
ring-state-removed = quitada
ring-seconds = { $n } s
ring-gone-left = Se fueron: { $machines }
ring-gone-removed = Quitadas para siempre: { $machines }
ring-more = y { $n } más
ring-ahead = { $time } adelantado
ring-behind = { $time } atrasado
ring-free = quedan { $size }
ring-legend-learner = (entre paréntesis): sigue, no vota
ring-legend-lag = { $mark }n: entradas del registro de retraso
ring-legend-silent = { $mark } no responde
ring-legend-anew = { $mark } su máquina no la tiene: se hace de nuevo
ring-legend-orphan = { $mark } ahí no hay nadie
ring-note-no-majority = { $count ->
    [one] El tramo { $which } ha perdido su mayoría y no atiende.
   *[other] Los tramos { $which } han perdido su mayoría y no atienden.
} Haz que vuelvan las máquinas que lo guardaban; si se han perdido para siempre: tertulia recover --from-this-copy
ring-note-no-leader = { $count ->
    [one] El tramo { $which } no tiene líder en este momento.
   *[other] Los tramos { $which } no tienen líder en este momento.
}
ring-note-weak = { $count ->
    [one] El tramo { $which } no aguanta más pérdidas hasta que sus copias estén hechas de nuevo.
   *[other] Los tramos { $which } no aguantan más pérdidas hasta que sus copias estén hechas de nuevo.
}
ring-note-sick-copies = Hay copias que no se pueden usar en { $which }: su registro dice por qué. Se hacen de nuevo a partir de otras; hasta entonces sus archivos quedan donde están, y después como *.sick en el directorio de datos.
ring-note-suspect = No responde: { $which }
ring-note-dead = Muerta: { $which }. Las copias se hacen de nuevo donde hay sitio. Puede volver; si nunca lo hará: tertulia remove ID
ring-note-low-disk = El disco está casi lleno en { $which }: haz sitio, o dale a esa máquina uno mayor. Un disco lleno detiene una máquina.
ring-note-clock-off = El reloj va mal en { $which }: esa máquina no lidera nada. Ponlo en hora.
ring-note-leaving = A punto de irse: { $which }
ring-note-few-copies = { $count ->
    [one] El tramo { $which } tiene menos copias que cuentan de las debidas; se están haciendo.
   *[other] Los tramos { $which } tienen menos copias que cuentan de las debidas; se están haciendo.
}
ring-note-orphaned-end = { $count ->
    [one] Al final de { $which } no hay máquina: la próxima que se una toma ese sitio.
   *[other] Al final de { $which } no hay máquinas: las próximas que se unan toman esos sitios.
}
ring-note-versions-differ = Hay { $n } versiones distintas en marcha. Lleva todas las máquinas a la más nueva.
ring-note-one-machine = Una máquina: lo que pierda su disco está perdido. { $n ->
    [one] Con una más, se podrá perder una.
   *[other] Con { $n } más, se podrá perder una.
} (tertulia token)
ring-note-two-machines = Dos máquinas: aún no se puede perder nada, aunque la segunda siga a la primera. Una tercera hace el anillo tolerante a fallos. (tertulia token)
ring-note-more-machines = { $n ->
    [one] Con 1 máquina más se podrá perder una más.
   *[other] Con { $n } máquinas más se podrá perder una más.
}
ring-event-joined = { $machine } se ha unido
ring-event-leaving = { $machine } está a punto de irse
ring-event-left = { $machine } se ha ido
ring-event-suspect = { $machine } no responde
ring-event-returned = { $machine } vuelve a responder
ring-event-dead = { $machine } está muerta: sus copias se hacen de nuevo en otras
ring-event-removed = { $machine } fue quitada para siempre
ring-event-split = se ha cortado un tramo para { $machine }: grupo nuevo { $group }
ring-event-adopted = { $machine } está ahora al final de { $group }
ring-event-moved = { $machine } guarda ahora una copia de { $group }
ring-event-leader = { $machine } lidera ahora { $group }
ring-event-recovered = { $group } se ha hecho de nuevo con la copia de { $machine }
ring-missed = (ha pasado más de lo que se puede mostrar)
ring-watch-end = Ctrl-C para volver.
ring-watch-cut = … { $n } líneas más; una ventana más alta las muestra.
ring-path-head = @{ $nick } tiene su hogar en { $position }
ring-path-home = Es el grupo { $group }, tramo { $range }
ring-path-leader = Lo lidera { $machine }
ring-path-no-leader = Nadie lo lidera en este momento.
ring-hop-start = fue preguntada
ring-hop-known = recordada
ring-hop-finger = un dedo
ring-hop-successor = una sucesora
ring-hop-host = guarda una copia
join-nobody-near = Ninguna máquina de este anillo respondió en la red local en { $seconds } s. Da la dirección de una: TERTULIA_TOKEN=… tertulia join HOST:PUERTO

## Por qué una máquina no entra en un anillo

enter-no-contact = No se conoce ninguna máquina del anillo. Da la dirección de una, como la muestra «tertulia token».
enter-no-address = «{ $contact }» no es la dirección de una máquina. Da HOST:PUERTO, como lo muestra «tertulia token».
enter-unreachable = No se puede llegar a { $contact } ({ $reason }). Comprueba la dirección, si la máquina está en marcha y que no haya un cortafuegos de por medio.
enter-not-a-peer = { $contact } responde, pero no como máquina de un anillo ({ $reason }). Da su dirección --peer, no la de navegadores y aplicaciones (--http).
enter-other-ring = { $contact } no pertenece al anillo del testigo: su autoridad no es { $expected }. Da la dirección de una máquina de ese anillo, o haz allí un testigo. Si los dos eran correctos, hay alguien entre el anillo y tú.
enter-version = { $contact } usa otra versión de Tertulia ({ $reason }). Pon ambas máquinas en la misma versión.
enter-silent = { $contact } no ha respondido a tiempo. Inténtalo otra vez, o pregunta a otra máquina del anillo.
enter-refused = { $contact } no deja entrar a esta máquina. { $reason }
enter-garbled = { $contact } ha respondido algo que esta versión no entiende. Pon ambas máquinas en la misma versión.
refused-removed = Esta máquina fue excluida del anillo para siempre. Con otro directorio de datos (--data) es otra máquina, que sí puede unirse.
refused-stranger = Esta máquina no es miembro del anillo. Únela con un testigo.
refused-no-proof = La máquina no ha demostrado que tiene su clave. Inténtalo otra vez.
refused-too-long = Tiene demasiadas direcciones, o demasiado largas. Da menos con --peer.
refused-names = El anillo no emite un certificado con estos nombres. Dale a la máquina uno propio: --tls-cert y --tls-key.
refused-no-key = Esa máquina es una pasarela y no puede dejar entrar a otras. Da la dirección de una máquina que almacene.
refused-too-many = Ha habido demasiados intentos desde esta dirección. Espera un minuto e inténtalo otra vez.
refused-full = El anillo tiene tantas máquinas como puede tener.
refused-sick = La máquina a la que se preguntó tiene un problema, que está en su registro. Inténtalo otra vez, o pregunta a otra.
refused-key-file-missing = Este anillo cifra sus datos en el disco. Dale a esta máquina un archivo de clave propio con --key-file; «tertulia key-file ARCHIVO» hace uno.
refused-in-the-clear = Este anillo no cifra sus datos en el disco, como se decidió al fundarlo. Únete sin --key-file.
token-expired = { $minutes ->
    [one] El testigo caducó hace un minuto.
   *[other] El testigo caducó hace { $minutes } minutos.
} Haz otro en una máquina del anillo con «tertulia token», o corrige el reloj, si está mal.
token-foreign-ring = El testigo es para el anillo { $token }, y este es { $here }. Da la dirección de una máquina de aquel anillo, o un testigo de este.
token-forged = Este anillo no ha hecho el testigo. Haz uno en una máquina del anillo con «tertulia token».
token-role = El testigo solo deja entrar como { $allowed }, y esta máquina quiere ser { $asked }. Únela como { $allowed }, o haz otro testigo con «tertulia token».
token-maker-removed = El testigo lo hizo la máquina { $machine }, que ha sido excluida del anillo. Haz otro en otra máquina con «tertulia token».
