//! Go's cache program: answers `get` from the index and the CAS, and lays `put` aside for the parent.
//!
//! It runs within the step and can write nothing but the step's own directory of puts.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, Read, Write};

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest as _, Sha256};

use super::entry::{Entry, Id, LONGEST, place};
use super::journal::{JOURNAL, Line};
use super::protocol::{Request, Response, Result, body, encode};
use crate::fs;
use crate::model::{Blake3, hex};

/// The words behind the program's name and [`CALL`](super::CALL).
const USAGE: &str = "INDEX_DIR CAS_DIR PUTS_DIR SPACE";

/// Serves the `go` at the other end of standard input and output until it says that it is done.
///
/// # Errors
/// What is wrong, for people.
pub fn serve(args: &[String]) -> std::result::Result<(), String> {
    let [index, blobs, puts, space] = args else {
        return Err(format!("{} is called by go, with {USAGE}", super::CALL));
    };
    let server = Server::new(index.as_str().into(), blobs.as_str().into(), puts.as_str().into(), space);
    let mut server = server.map_err(|error| error.to_string())?;
    // What a pipe holds.
    let mut input = std::io::BufReader::with_capacity(64 << 10, std::io::stdin().lock());
    server.run(&mut input, &mut std::io::stdout().lock()).map_err(|error| error.to_string())
}

pub(super) struct Server {
    index: Utf8PathBuf,
    blobs: Utf8PathBuf,
    puts: Utf8PathBuf,
    space: String,
    /// What this step has put.
    own: HashMap<Id, Entry>,
    /// Entries whose use is in the journal.
    told: HashSet<Id>,
    journal: File,
    count: u64,
}

impl Server {
    pub(super) fn new(index: &Utf8Path, blobs: &Utf8Path, puts: &Utf8Path, space: &str) -> fs::Result<Self> {
        Ok(Server {
            index: index.to_owned(),
            blobs: blobs.to_owned(),
            puts: puts.to_owned(),
            space: space.to_owned(),
            own: HashMap::new(),
            told: HashSet::new(),
            journal: fs::append(&puts.join(JOURNAL))?,
            count: 0,
        })
    }

    pub(super) fn run(&mut self, input: &mut impl BufRead, output: &mut impl Write) -> Result<()> {
        Response { commands: &["get", "put", "close"], ..Response::default() }.send(output)?;
        while let Some(request) = Request::read(input)? {
            let answer = match request.command.as_str() {
                "get" => self.get(&request.action()?),
                "put" => self.put(&request, input)?,
                "close" => return Response { id: request.id, ..Response::default() }.send(output),
                other => Response { error: format!("{other:?} is not known here"), ..Response::default() },
            };
            Response { id: request.id, ..answer }.send(output)?;
        }
        Ok(())
    }

    fn get(&mut self, action: &Id) -> Response {
        if let Some(entry) = self.own.get(action) {
            let path = self.puts.join(hex(&entry.output));
            if let Found::Good = look(&path, entry) {
                return hit(entry, &path);
            }
            self.own.remove(action);
        }
        let miss = || Response { miss: true, ..Response::default() };
        let entry = match self.entry(action) {
            Ok(Some(entry)) => entry,
            Ok(None) => return miss(),
            Err(Damaged) => {
                self.note(&Line::BadEntry(*action));
                return miss();
            }
        };
        let path = place(&self.blobs, entry.blake3.bytes());
        match look(&path, &entry) {
            Found::Good => {
                if self.told.insert(*action) {
                    self.note(&Line::Hit(*action));
                }
                hit(&entry, &path)
            }
            Found::Nothing => miss(),
            Found::Bad => {
                self.note(&Line::BadBlob(entry.blake3));
                miss()
            }
        }
    }

    fn entry(&self, action: &Id) -> std::result::Result<Option<Entry>, Damaged> {
        let (file, _) = match fs::open_regular(&place(&self.index, action)) {
            Ok(opened) => opened,
            Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(Damaged),
        };
        let mut bytes = Vec::new();
        file.take(LONGEST).read_to_end(&mut bytes).map_err(|_| Damaged)?;
        Entry::decode(&self.space, action, &bytes).map(Some).ok_or(Damaged)
    }

    fn put(&mut self, request: &Request, input: &mut impl BufRead) -> Result<Response> {
        let (action, output, size) = (request.action()?, request.output()?, request.size);
        self.count += 1;
        let fresh = self.puts.join(format!("new-{}", self.count));
        let mut file = fs::create(&fresh);
        let (mut sha256, mut blake3) = (Sha256::new(), blake3::Hasher::new());
        body(input, size, |piece| {
            sha256.update(piece);
            blake3.update(piece);
            if let Ok(open) = &mut file
                && let Err(error) = fs::context(open.write_all(piece), "write", &fresh)
            {
                file = Err(error);
            }
        })?;
        let failed = |error: String| Ok(Response { error, ..Response::default() });
        if Id::from(sha256.finalize()) != output {
            let _ = fs::remove_file(&fresh);
            return failed("the body is not what OutputID says".to_owned());
        }
        let path = self.puts.join(hex(&output));
        if let Err(error) = file.and_then(|_| fs::rename(&fresh, &path)) {
            let _ = fs::remove_file(&fresh);
            return failed(error.to_string());
        }
        let entry = Entry { output, size, blake3: blake3.finalize().into(), made: super::now() };
        self.note(&Line::Put { action, output, size, blake3: entry.blake3 });
        self.own.insert(action, entry);
        Ok(Response { path: Some(path.into_string()), ..Response::default() })
    }

    /// Without a line nothing is kept or put aside after this step, and the next one has more to do.
    fn note(&mut self, line: &Line) {
        let _ = self.journal.write_all(line.text().as_bytes());
    }
}

/// An entry that is there and cannot be believed.
struct Damaged;

/// What is at a blob's place.
enum Found {
    /// The bytes of the entry.
    Good,
    /// Nothing.
    Nothing,
    /// Something else.
    Bad,
}

/// Reads a blob to its end, each time: this is what keeps a damaged one from Go.
fn look(path: &Utf8Path, entry: &Entry) -> Found {
    let (file, metadata) = match fs::open_regular(path) {
        Ok(opened) => opened,
        Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => return Found::Nothing,
        Err(_) => return Found::Bad,
    };
    let mut hasher = blake3::Hasher::new();
    let whole = metadata.len() == entry.size
        && hasher.update_reader(file).is_ok()
        && Blake3::from(hasher.finalize()) == entry.blake3;
    if whole { Found::Good } else { Found::Bad }
}

fn hit(entry: &Entry, path: &Utf8Path) -> Response {
    let made = i64::try_from(entry.made).unwrap_or(i64::MAX);
    Response {
        output: Some(encode(&entry.output)),
        size: Some(entry.size),
        time: jiff::Timestamp::from_millisecond(made).ok().map(|time| time.to_string()),
        path: Some(path.to_string()),
        ..Response::default()
    }
}
