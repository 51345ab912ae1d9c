//! Reads `web/dist`, which `npm run build` makes, and writes the table of its files. Without it the table is empty.
//!
//! The files are copied first: the page may be built anew while the program is compiled.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo names no OUT_DIR"))?;
    let out = Path::new(&out);
    let mut table = String::from("&[\n");
    let is_packed = |path: &Path| {
        path.extension()
            .is_some_and(|extension| extension == "br" || extension == "gz")
    };
    for file in files.iter().filter(|file| !is_packed(file)) {
        let Some(media_type) = media_type(file) else {
            continue;
        };
        let within = file.strip_prefix(&root).map_err(io::Error::other)?;
        let path = format!("/{}", within.display()).replace('\\', "/");
        let packed = |ending: &str| {
            let packed = PathBuf::from(format!("{}.{ending}", file.display()));
            if files.contains(&packed) {
                included(&packed, out).map(|included| format!("Some({included})"))
            } else {
                Ok("None".to_owned())
            }
        };
        writeln!(
            table,
            "File {{ path: {path:?}, media_type: {media_type:?}, plain: {}, gzip: {}, brotli: {} }},",
            included(file, out)?,
            packed("gz")?,
            packed("br")?
        )
        .map_err(io::Error::other)?;
    }
    table.push(']');
    fs::write(out.join("files.rs"), table)
}

/// A copy of the file, as an expression. Names are unique: those in folders have a hash in them.
fn included(file: &Path, out: &Path) -> io::Result<String> {
    let name = file
        .file_name()
        .ok_or_else(|| io::Error::other("a file without a name"))?;
    let copy = out.join(name);
    fs::copy(file, &copy)?;
    Ok(format!("include_bytes!({copy:?})"))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// What a file is; what has no type here is not served.
fn media_type(file: &Path) -> Option<&'static str> {
    let media_type = match file.extension()?.to_str()? {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    };
    Some(media_type)
}
