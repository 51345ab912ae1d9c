//! What must not be written down (P2).

use crate::fixture;
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::fmt::MakeWriter;

/// Everything that was logged.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<u8>>>);

impl Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Journal {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

/// The files below a directory.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push((path.display().to_string(), bytes));
        }
    }
    found
}

#[tokio::test]
async fn p2_no_password_and_no_token_is_written_down() {
    let journal = Journal::default();
    let logging = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(journal.clone())
        .finish();
    // Another test in this process may log already; what that one writes is not ours.
    let is_logged = tracing::subscriber::set_global_default(logging).is_ok();
    let app = fixture::app(true).await;
    let (first, second) = ("a password of Friday", "another one of Monday");
    let registered = json!({ "nick": "writtendown", "password": first });
    let (status, token) = app.post("/api/tertulia/v1/register", "", registered).await;
    assert_eq!(status, 200, "{token}");
    let token = token["access_token"].as_str().expect("a token").to_owned();
    let wrong = json!({ "nick": "writtendown", "password": second });
    assert_eq!(app.post("/api/tertulia/v1/login", "", wrong.clone()).await.0, 401);
    let changed = json!({ "current": first, "new": second });
    let (status, said) = app.post("/api/tertulia/v1/password", &token, changed).await;
    assert_eq!(status, 200, "{said}");
    let (status, login) = app.post("/api/tertulia/v1/login", "", wrong).await;
    assert_eq!(status, 200, "{login}");
    let other = login["access_token"].as_str().expect("a token").to_owned();
    app.publish(&other, "written down").await;

    let mut secrets: Vec<(String, Vec<u8>)> = Vec::new();
    for text in [first, second, &token, &other] {
        secrets.push((text.to_owned(), text.as_bytes().to_vec()));
    }
    for token in [&token, &other] {
        // Behind the owner stand the random bytes.
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, token);
        secrets.push((format!("{token}, as bytes"), bytes.expect("base64")[8..].to_vec()));
    }
    let mut kept = files(app.directory());
    let logged = journal.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(is_logged, !logged.is_empty());
    kept.push(("the journal".to_owned(), logged));
    for (place, bytes) in &kept {
        for (secret, form) in &secrets {
            assert!(!contains(bytes, form), "{secret} is in {place}");
        }
    }
    // The log and the database, where the nick is, were looked at.
    let named = kept.iter().filter(|(_, bytes)| contains(bytes, b"writtendown"));
    assert!(
        named.count() >= 2,
        "{:?}",
        kept.iter().map(|(place, _)| place).collect::<Vec<_>>()
    );
}
