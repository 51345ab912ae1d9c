//! What happened in a run, in order, each line with its virtual time: for people who look for the cause of a violation, and to tell whether two runs were the same.
//!
//! **Invariant:** lines of the model (letters, faults, answers) enter the digest; what the machines log does not, since how much that is depends on `RUST_LOG`.

use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// The trace of a run. Clones are the same trace.
#[derive(Clone)]
pub struct Trace(Arc<Mutex<Lines>>);

struct Lines {
    began: Instant,
    text: String,
    digest: DefaultHasher,
    errors: Vec<String>,
}

impl Default for Trace {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Lines {
            began: Instant::now(),
            text: String::new(),
            digest: DefaultHasher::new(),
            errors: Vec::new(),
        })))
    }
}

impl Trace {
    /// The run begins now. To be called inside the runtime, whose clock counts.
    pub fn begin(&self) {
        self.lines().began = Instant::now();
    }

    /// Virtual milliseconds since the run began.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.lines().began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Writes a line of the model.
    pub fn note(&self, what: fmt::Arguments<'_>) {
        let now_ms = self.now_ms();
        let mut lines = self.lines();
        let from = lines.text.len();
        // Writing to a string does not fail.
        let _ = writeln!(lines.text, "{now_ms:>7} {what}");
        let Lines { text, digest, .. } = &mut *lines;
        text[from..].hash(digest);
    }

    /// Tells equal runs from others.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.lines().digest.finish()
    }

    /// What machines have logged as errors so far; then they are forgotten.
    pub fn take_errors(&self) -> Vec<String> {
        std::mem::take(&mut self.lines().errors)
    }

    /// Writes all of it to a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, &self.lines().text)
    }

    /// What takes the machines' own log in.
    #[must_use]
    pub fn layer<S: Subscriber>(&self) -> impl Layer<S> + use<S> {
        Logged(self.clone())
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes what machines log into the trace.
struct Logged(Trace);

impl<S: Subscriber> Layer<S> for Logged {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let now_ms = self.0.now_ms();
        let level = *event.metadata().level();
        let mut fields = Fields(format!("{level} {}:", event.metadata().target()));
        event.record(&mut fields);
        let mut lines = self.0.lines();
        let _ = writeln!(lines.text, "{now_ms:>7} | {}", fields.0);
        // What the consensus calls an error is one for its caller to judge, and the dead go on complaining.
        if level == Level::ERROR && event.metadata().target().starts_with("tertulia") {
            lines.errors.push(fields.0);
        }
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
