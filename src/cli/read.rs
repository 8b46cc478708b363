//! What the verbs read: the deployment file and the snapshot.

use super::exit::{Exit, Failure};
use super::output;
use crate::codes::Severity;
use crate::deployment::{self, Loaded};
use crate::lab::{Lab, LabError};
use crate::model::{Actual, Deployment};
use crate::plan::Plan;
use crate::render::diagnostics::Colour;
use crate::render::text::Style;
use crate::snapshot::{self, SnapshotError};
use crate::{render, wire};
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// The bytes of the file, or of standard input for `-`.
pub(super) fn bytes(file: &str) -> Result<Vec<u8>, Failure> {
    let read = if file == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    read.map_err(|error| Failure::new(format!("{file} cannot be read")).source(error))
}

/// The password that a file holds: its text without the end of the line, in any encoding that Windows writes.
pub(super) fn password(file: &str) -> Result<Zeroizing<String>, Failure> {
    let bytes = Zeroizing::new(bytes(file)?);
    let encoding = encoding_rs::Encoding::for_bom(&bytes).map_or(encoding_rs::UTF_8, |(encoding, _)| encoding);
    let (text, _, broken) = encoding.decode(&bytes);
    let text = Zeroizing::new(text.into_owned());
    if broken {
        return Err(Failure::new(format!("the password in {file} is no text")).hint("save it as UTF-8"));
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.contains(['\n', '\r']) {
        return Err(
            Failure::new(format!("{file} has more than one line")).hint("it shall hold the password and nothing else")
        );
    }
    Ok(Zeroizing::new(line.to_owned()))
}

/// A deployment that is in order, with what it allows; what is wrong with it was said.
pub(super) fn deployment(file: &str) -> Result<Result<(Deployment, Loaded), Exit>, Failure> {
    let read = bytes(file).map_err(|failure| {
        if Path::new(file).is_dir() {
            return failure.hint("the deployment file is named first, a snapshot folder after --snapshot");
        }
        failure
    })?;
    let mut loaded = deployment::load(file, &read);
    match loaded.deployment.take() {
        Some(deployment) => Ok(Ok((deployment, loaded))),
        None if is_saved_plan(&read) => Err(Failure::new(format!("{file} is a saved plan, not a deployment file"))
            .hint("`cskerb apply` carries it out; to see it, plan the deployment file that it was made from")),
        None => {
            say(&loaded);
            Ok(Err(Exit::Invalid))
        }
    }
}

/// Whether it looks like what `plan --out` writes: whoever names that where a deployment is wanted is told so at once.
fn is_saved_plan(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.trim_start().starts_with('{') && text.contains("\"formatVersion\"") && text.contains("\"steps\"")
}

/// What the snapshot holds. The files of a large lab are brought up to what was noted beside them first.
pub(super) fn snapshot(folder: &Path) -> Result<Actual, Failure> {
    if Lab::has_notes(folder) {
        lab(folder)?.close().map_err(no_lab)?;
    }
    snapshot::read(folder).map_err(|error| {
        let failure = Failure::new(error.to_string());
        match &error {
            SnapshotError::Folder { .. } => failure
                .source(error)
                .hint("a snapshot is a folder with snapshot.json, topology.xml and what else was collected"),
            SnapshotError::FromTheFuture { .. } => failure,
        }
    })
}

/// A deployment file as [`deployment`] reads it.
type Deployed = Result<Result<(Deployment, Loaded), Exit>, Failure>;

/// Both sides, read side by side.
pub(super) fn both(file: &str, folder: &Path) -> (Deployed, Result<Actual, Failure>) {
    rayon::join(|| deployment(file), || snapshot(folder))
}

/// That lab.
pub(super) fn lab(folder: &Path) -> Result<Lab, Failure> {
    Lab::open(folder).map_err(no_lab)
}

/// Why a lab cannot be opened, made or broken: the error itself says of which one.
pub(super) fn no_lab(error: LabError) -> Failure {
    let failure = Failure::new(error.to_string());
    let hint = match &error {
        LabError::None(_) => Some("make one: cskerb lab new FILE DIR"),
        LabError::NotEmpty(_) => Some("name a folder that is not there yet"),
        LabError::Unknown(_) => Some("`cskerb status FILE --snapshot DIR` shows what it has"),
        _ => None,
    };
    let failure = failure.source(error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The plan that the file holds; `None` where it is a deployment file. A plan is a JSON object; a deployment is not.
///
/// Windows PowerShell writes UTF-16LE where a plan is redirected into a file.
pub(super) fn saved_plan(file: &str) -> Result<Option<Plan>, Failure> {
    if file == "-" {
        return Ok(None);
    }
    let bytes = bytes(file)?;
    let encoding = encoding_rs::Encoding::for_bom(&bytes).map_or(encoding_rs::UTF_8, |(encoding, _)| encoding);
    let (text, _, _) = encoding.decode(&bytes);
    if !text.trim_start().starts_with('{') {
        return Ok(None);
    }
    let plan = wire::plan::read(&text);
    plan.map(Some).map_err(|error| Failure::new(format!("{file} cannot be carried out")).source(error))
}

/// One line about the warnings of a file that is in order: `contoso.yaml: 2 warnings; ...`. Notes are not worth it here.
pub(super) fn remark_warnings(file: &Loaded) {
    let warnings = file.diagnostics.iter().filter(|found| found.severity() == Severity::Warning).count();
    if warnings > 0 {
        let name = render::escape::terminal(file.source.name(), render::escape::Lines::Escape);
        let plural = if warnings == 1 { "" } else { "s" };
        output::remark(&format!("{name}: {warnings} warning{plural}; `cskerb validate {name}` shows them\n"));
    }
}

/// Says the diagnostics of a file that another verb needs in order.
pub(super) fn say(file: &Loaded) {
    output::remark(&diagnostics(file, output::error_style(), output::error_columns()));
}

/// The diagnostics of one file as text, and what they come to.
pub(super) fn diagnostics(file: &Loaded, style: Style, columns: Option<usize>) -> String {
    let colour = if style.colour { Colour::Ansi } else { Colour::Plain };
    let drawn = match columns {
        Some(columns) => render::diagnostics::text_within(file, colour, columns),
        None => render::diagnostics::text(file, colour),
    };
    let name = render::escape::terminal(file.source.name(), render::escape::Lines::Escape);
    let came_to = render::diagnostics::summary(&file.diagnostics).unwrap_or_else(|| "in order".to_owned());
    let more = match file.diagnostics.iter().rev().max_by_key(|found| found.severity()) {
        Some(gravest) => format!("`cskerb explain {}` says more\n", gravest.code),
        None => String::new(),
    };
    format!("{drawn}{name}: {came_to}\n{more}")
}
