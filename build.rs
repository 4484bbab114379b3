//! Packs `data/calendars` into the program: the text of seventy exchanges is half a megabyte, packed it is a tenth of
//! that.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::{env, fs};

use flate2::Compression;
use flate2::write::DeflateEncoder;

#[allow(
    clippy::print_stdout,
    reason = "a build script reports to cargo on stdout"
)]
fn main() -> Result<(), Box<dyn Error>> {
    const FOLDER: &str = "data/calendars";
    println!("cargo:rerun-if-changed={FOLDER}");
    let files: Result<Vec<PathBuf>, _> = fs::read_dir(FOLDER)?
        .map(|f| Ok::<_, std::io::Error>(f?.path()))
        .collect();
    let mut files = files?;
    files.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    files.sort();
    let out = PathBuf::from(env::var("OUT_DIR")?).join("calendars.deflate");
    let mut packed = DeflateEncoder::new(fs::File::create(out)?, Compression::best());
    for path in files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        writeln!(packed, "\0{name}")?;
        let text = fs::read_to_string(&path)?;
        // Comments are only for readers of the files.
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            writeln!(packed, "{line}")?;
        }
    }
    packed.finish()?;
    Ok(())
}
