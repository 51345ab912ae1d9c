//! All messages into a file, for other programs: one JSON object on each line, in the clear.

use crate::plain;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use tertulia_client::Failure;
use tertulia_client::failure::Fault;
use tertulia_client::message::Messenger;

/// Writes them; a file that is there already is not touched. Answers how many.
pub(crate) fn write(messenger: &Messenger<'_>, path: &Path) -> Result<usize, Failure> {
    let failed = |source| {
        Failure::from(Fault::File {
            path: path.display().to_string(),
            source,
        })
    };
    if path == Path::new("-") {
        return write_to(messenger, std::io::stdout().lock(), failed);
    }
    // Only its owner can read it.
    let mut options = OpenOptions::new();
    let file = options.create_new(true).write(true).mode(0o600);
    let file = file.open(path).map_err(failed)?;
    let mut writer = BufWriter::new(file);
    let count = write_to(messenger, &mut writer, failed)?;
    let file = writer
        .into_inner()
        .map_err(|unwritten| failed(unwritten.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok(count)
}

fn write_to(
    messenger: &Messenger<'_>,
    mut writer: impl Write,
    failed: impl Fn(std::io::Error) -> Failure,
) -> Result<usize, Failure> {
    messenger.export(|found| {
        let line = plain::json_line(&json!(found));
        writer.write_all(line.as_bytes()).map_err(&failed)
    })
}
