//! `/trust`: the ring's own certificate authority, and how a person makes their devices trust it.
//!
//! The page comes over a connection that is not trusted yet, so it says what must be compared: the fingerprint, as the
//! machine printed it when it started.

use crate::error::Error;
use crate::page::{Language, Page, escape};
use crate::service::Service;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(certificate))
}

pub(crate) fn page_routes() -> Router<Arc<Service>> {
    Router::new().route("/trust", axum::routing::get(page))
}

/// The ring's CA certificate.
#[utoipa::path(get, path = "/api/tertulia/v1/ca", tag = "tertulia", responses(
    (status = 200, description = "The certificate as PEM", content_type = "application/x-x509-ca-cert", body = String),
    (status = 404, description = "This machine has no certificate by the ring"),
))]
async fn certificate(State(service): State<Arc<Service>>) -> Result<impl IntoResponse, Error> {
    let ca = service.ca().ok_or(Error::NoSuchPath)?;
    let headers = [
        // The type by which Android, iOS and Firefox offer to install it.
        (header::CONTENT_TYPE, "application/x-x509-ca-cert"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"tertulia-ca.pem\"",
        ),
    ];
    Ok((headers, ca.pem().to_owned()))
}

async fn page(State(service): State<Arc<Service>>, language: Language) -> Page {
    let title = language
        .pick("Trust this ring", "Confiar en este anillo")
        .to_owned();
    let (status, body) = match service.ca() {
        None => (StatusCode::NOT_FOUND, escape_paragraph(NOTHING, language)),
        Some(ca) => (StatusCode::OK, steps(&ca.fingerprint().to_string(), language)),
    };
    Page {
        status,
        language,
        title,
        body,
        form_target: None,
    }
}

const NOTHING: (&str, &str) = (
    "This machine does not use a certificate of the ring: there is nothing to trust here.",
    "Esta máquina no usa un certificado del anillo: aquí no hay nada en que confiar.",
);

const WHY: (&str, &str) = (
    "The people who run this ring made their own certificate authority, so that what you write travels encrypted without \
     any company's help. Your devices do not know it yet: install it once, and the warnings end.",
    "Quienes llevan este anillo crearon su propia autoridad de certificación, para que lo que escribes viaje cifrado sin \
     ayuda de ninguna empresa. Tus dispositivos aún no la conocen: instálala una vez y se acaban los avisos.",
);

const COMPARE: (&str, &str) = (
    "Before you install it, compare this fingerprint (SHA-256) with the one that the machine printed when it started; ask \
     whoever runs it. If they differ, stop: somebody is between you and the ring.",
    "Antes de instalarla, compara esta huella (SHA-256) con la que mostró la máquina al arrancar; pregunta a quien la \
     lleva. Si no coinciden, detente: hay alguien entre tú y el anillo.",
);

const MEANING: (&str, &str) = (
    "Know what it means: from then on your device believes this authority about every website, not this ring alone. Whoever \
     runs a machine of the ring that stores could make a certificate for any of them. Install it if you trust these \
     people, and remove it when you leave.",
    "Ten en cuenta lo que significa: desde entonces tu dispositivo creerá a esta autoridad sobre cualquier sitio web, no solo \
     sobre este anillo. Quien lleva una máquina del anillo que almacena podría crear un certificado para cualquiera de \
     ellos. Instálala si confías en esas personas, y quítala cuando te vayas.",
);

/// For each system: name, what to do in English, and in Spanish.
const SYSTEMS: [(&str, &str, &str); 7] = [
    (
        "Windows",
        "Open the file, choose “Install Certificate…”, “Local Machine”, “Place all certificates in the following store”, \
         and there “Trusted Root Certification Authorities”.",
        "Abre el archivo, elige «Instalar certificado…», «Equipo local», «Colocar todos los certificados en el siguiente \
         almacén» y ahí «Entidades de certificación raíz de confianza».",
    ),
    (
        "macOS",
        "Open the file: Keychain Access adds it. Find it under “System”, open it, and under “Trust” choose “Always Trust”.",
        "Abre el archivo: Acceso a Llaveros lo añade. Búscalo en «Sistema», ábrelo y en «Confiar» elige «Confiar siempre».",
    ),
    (
        "Linux",
        "Debian, Ubuntu: copy it as /usr/local/share/ca-certificates/tertulia.crt and run sudo update-ca-certificates. \
         Fedora: copy it to /etc/pki/ca-trust/source/anchors/ and run sudo update-ca-trust.",
        "Debian, Ubuntu: cópialo como /usr/local/share/ca-certificates/tertulia.crt y ejecuta sudo update-ca-certificates. \
         Fedora: cópialo en /etc/pki/ca-trust/source/anchors/ y ejecuta sudo update-ca-trust.",
    ),
    (
        "Android",
        "Settings → Security → More → Encryption & credentials → Install a certificate → CA certificate, then choose the \
         downloaded file. Names differ a little between makers.",
        "Ajustes → Seguridad → Más → Cifrado y credenciales → Instalar un certificado → Certificado de CA, y elige el \
         archivo descargado. Los nombres varían un poco según el fabricante.",
    ),
    (
        "iPhone, iPad",
        "Download it with Safari. Settings → Profile Downloaded → Install. Then Settings → General → About → Certificate \
         Trust Settings, and switch it on there.",
        "Descárgalo con Safari. Ajustes → Perfil descargado → Instalar. Después Ajustes → General → Información → \
         Configuración de confianza de certificados, y actívalo ahí.",
    ),
    (
        "Firefox",
        "Settings → Privacy & Security → View Certificates… → Authorities → Import…, and tick “Trust this CA to identify \
         websites”.",
        "Ajustes → Privacidad y seguridad → Ver certificados… → Autoridades → Importar…, y marca «Confiar en esta CA para \
         identificar sitios web».",
    ),
    (
        "toot, Mastodon.py, curl",
        "Python: REQUESTS_CA_BUNDLE=tertulia-ca.pem toot …; curl: curl --cacert tertulia-ca.pem …",
        "Python: REQUESTS_CA_BUNDLE=tertulia-ca.pem toot …; curl: curl --cacert tertulia-ca.pem …",
    ),
];

fn steps(fingerprint: &str, language: Language) -> String {
    let download = language.pick("Download the certificate", "Descargar el certificado");
    let mut body = escape_paragraph(WHY, language);
    body += &escape_paragraph(COMPARE, language);
    body += &escape_paragraph(MEANING, language);
    body += &format!("<p><code>{fingerprint}</code></p>");
    body += &format!("<p><a href=\"/api/tertulia/v1/ca\" download=\"tertulia-ca.pem\">{download}</a></p>");
    for (system, english, spanish) in SYSTEMS {
        body += &format!(
            "<h2>{system}</h2>{}",
            escape_paragraph((english, spanish), language)
        );
    }
    body
}

fn escape_paragraph(texts: (&str, &str), language: Language) -> String {
    format!("<p>{}</p>", escape(language.pick(texts.0, texts.1)))
}
