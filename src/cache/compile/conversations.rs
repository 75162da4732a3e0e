//! Conversations with the cache program, across several steps.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest as _, Sha256};

use super::entry::place;
use super::journal::{self, JOURNAL};
use super::protocol::Result;
use super::serve::Server;
use super::{CompileSpace, Ingested};
use crate::cache::Store;
use crate::fs;
use crate::model::{Blake3, SealLevel};

/// A store and what a step of it says.
struct Scene {
    _dir: tempfile::TempDir,
    store: Store,
    space: CompileSpace,
    puts: Utf8PathBuf,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap().to_owned();
        let store = Store::open(&root.join("store")).unwrap();
        let space = CompileSpace::new(SealLevel::Strict, &Blake3::of(b"tools"));
        store.open_compiled(&space).unwrap();
        Scene { _dir: dir, store, space, puts: root.join("puts") }
    }

    /// One step: what it asks, and what it is told.
    fn step(&self, requests: &[u8]) -> (Result<()>, Vec<serde_json::Value>) {
        fs::create_dir_all(&self.puts).unwrap();
        let (index, blobs) = (self.store.index_of(&self.space), self.store.blobs());
        let mut server = Server::new(&index, &blobs, &self.puts, self.space.name()).unwrap();
        let mut said = Vec::new();
        let result = server.run(&mut &*requests, &mut said);
        let said = String::from_utf8(said).unwrap();
        (result, said.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    fn ingest(&self) -> Ingested {
        self.store.ingest(&self.space, &self.puts, &|| false).unwrap()
    }

    /// The answer to a get.
    fn get(&self, action: u8) -> serde_json::Value {
        let (result, mut said) = self.step(&get(1, action));
        result.unwrap();
        said.remove(1)
    }

    fn entry(&self, action: u8) -> Utf8PathBuf {
        place(&self.store.index_of(&self.space), &[action; 32])
    }
}

fn get(id: u32, action: u8) -> Vec<u8> {
    let action = STANDARD.encode([action; 32]);
    format!("{{\"ID\":{id},\"Command\":\"get\",\"ActionID\":\"{action}\"}}\n\n").into_bytes()
}

fn put(id: u32, action: u8, body: &[u8]) -> Vec<u8> {
    let (action, output) = (STANDARD.encode([action; 32]), STANDARD.encode(Sha256::digest(body)));
    let size = if body.is_empty() { String::new() } else { format!(",\"BodySize\":{}", body.len()) };
    let mut text = format!(
        "{{\"ID\":{id},\"Command\":\"put\",\"ActionID\":\"{action}\",\"OutputID\":\"{output}\"{size}}}\n\n"
    );
    if !body.is_empty() {
        text += &format!("\"{}\"\n", STANDARD.encode(body));
    }
    text.into_bytes()
}

fn replace(path: &Utf8Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write_new(path, bytes).unwrap();
}

#[test]
fn what_was_put_comes_back_in_the_step_and_in_the_next() {
    let scene = Scene::new();
    let close = b"{\"ID\":9,\"Command\":\"close\"}\nwhat follows is not read";
    let requests =
        [get(1, 7), put(2, 7, b"body"), get(3, 7), put(4, 8, b""), get(5, 8), close.to_vec()].concat();
    let (result, said) = scene.step(&requests);
    result.unwrap();
    assert_eq!(said[0]["KnownCommands"], serde_json::json!(["get", "put", "close"]));
    assert_eq!((&said[1]["ID"], &said[1]["Miss"]), (&1.into(), &true.into()));
    let path = Utf8PathBuf::from(said[2]["DiskPath"].as_str().unwrap());
    assert_eq!(fs::read(&path).unwrap(), b"body");
    assert_eq!((&said[3]["DiskPath"], &said[3]["Size"]), (&said[2]["DiskPath"], &4.into()));
    assert_eq!((said[5]["Size"].as_u64(), said[6]["ID"].as_i64(), said.len()), (Some(0), Some(9), 7));
    let ingested = scene.ingest();
    assert_eq!((ingested.kept, ingested.refused, ingested.hits), (2, 0, 0));
    assert!(!scene.puts.exists());
    let again = scene.get(7);
    assert_eq!(again["OutputID"], STANDARD.encode(Sha256::digest(b"body")));
    let path = Utf8PathBuf::from(again["DiskPath"].as_str().unwrap());
    assert_eq!((path, again["Size"].as_u64()), (scene.store.blob(&Blake3::of(b"body")), Some(4)));
    assert!(again["Time"].as_str().unwrap().ends_with('Z'), "{again}");
    assert_eq!((scene.get(8)["Size"].as_u64(), scene.get(9)["Miss"].as_bool()), (Some(0), Some(true)));
    assert_eq!(scene.ingest().hits, 2);
    assert_eq!(scene.store.take_damage(), []);
}

#[test]
fn an_entry_is_believed_in_no_other_place() {
    let scene = Scene::new();
    scene.step(&[put(1, 7, b"seven"), put(2, 8, b"eight")].concat()).0.unwrap();
    scene.ingest();
    let (seven, eight) = (fs::read(&scene.entry(7)).unwrap(), fs::read(&scene.entry(8)).unwrap());
    replace(&scene.entry(7), &eight);
    replace(&scene.entry(8), &seven);
    let (_, said) = scene.step(&[get(1, 7), get(2, 8)].concat());
    assert!(said[1]["Miss"] == true && said[2]["Miss"] == true, "{said:?}");
    scene.ingest();
    assert_eq!(scene.store.take_damage().len(), 2);
    // And that of another level or SDK neither.
    let other = CompileSpace::new(SealLevel::Env, &Blake3::of(b"tools"));
    scene.store.open_compiled(&other).unwrap();
    let there = place(&scene.store.index_of(&other), &[7; 32]);
    fs::create_dir_all(there.parent().unwrap()).unwrap();
    fs::write_new(&there, &seven).unwrap();
    let foreign = Scene { space: other, ..scene };
    assert_eq!(foreign.get(7)["Miss"], true);
}

#[test]
fn every_flip_in_an_entry_and_in_a_blob_is_found() {
    let scene = Scene::new();
    let body = b"the bytes of a package";
    scene.step(&put(1, 7, body)).0.unwrap();
    scene.ingest();
    let blob = scene.store.blob(&Blake3::of(body));
    for path in [scene.entry(7), blob] {
        let good = fs::read(&path).unwrap();
        for (at, bit) in (0..good.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            replace(&path, &bad);
            assert_eq!(scene.get(7)["Miss"], true, "bit {bit} of byte {at} of {path}");
        }
        for other in [&good[..good.len() - 1], &good[..0], &[&good[..], b"x"].concat()] {
            replace(&path, other);
            assert_eq!(scene.get(7)["Miss"], true, "{} bytes of {path}", other.len());
        }
        replace(&path, &good);
        assert_eq!(scene.get(7)["Miss"], serde_json::Value::Null);
        // One is put aside; the rest was good again when the parent looked.
        fs::remove_dir_all(&scene.puts).unwrap();
    }
    replace(&scene.entry(7), b"bad");
    scene.get(7);
    assert_eq!(scene.ingest(), Ingested::default());
    let damage = scene.store.take_damage();
    assert_eq!(damage.len(), 1);
    assert!(damage[0].entry.starts_with("compile-v0/strict"), "{damage:?}");
    assert!(!scene.entry(7).exists());
}

#[test]
fn random_flips_in_a_larger_blob_are_found_put_aside_and_mended() {
    let scene = Scene::new();
    let body: Vec<u8> = (0..200_000_u32).map(|n| (n / 7 % 253) as u8).collect();
    let blob = scene.store.blob(&Blake3::of(&body));
    for round in 0..300 {
        scene.step(&put(1, 7, &body)).0.unwrap();
        scene.ingest();
        let mut bad = body.clone();
        let at = fastrand::usize(..bad.len());
        bad[at] ^= 1 << fastrand::u32(..8);
        replace(&blob, &bad);
        assert_eq!(scene.get(7)["Miss"], true, "round {round}");
        scene.ingest();
        assert_eq!(scene.store.take_damage().len(), 1);
        assert!(!blob.exists());
    }
}

#[test]
fn a_blob_in_disguise_is_no_blob() {
    let scene = Scene::new();
    scene.step(&put(1, 7, b"body")).0.unwrap();
    scene.ingest();
    let blob = scene.store.blob(&Blake3::of(b"body"));
    let elsewhere = scene.puts.with_file_name("elsewhere");
    fs::rename(&blob, &elsewhere).unwrap();
    assert_eq!(scene.get(7)["Miss"], true);
    assert_eq!(journal::read(&scene.puts), [], "a blob that is not there is no damage");
    fs::symlink(&elsewhere, &blob).unwrap();
    assert_eq!(scene.get(7)["Miss"], true);
    fs::remove_file(&blob).unwrap();
    fs::create_dir_all(&blob).unwrap();
    assert_eq!(scene.get(7)["Miss"], true);
}

#[test]
fn a_body_that_is_not_its_output_is_refused_and_the_next_request_is_found() {
    let scene = Scene::new();
    let mut wrong = String::from_utf8(put(1, 7, b"body")).unwrap();
    wrong = wrong.replace(&STANDARD.encode(b"body"), &STANDARD.encode(b"BODY"));
    let unknown = b"{\"ID\":2,\"Command\":\"get2\"}\n".to_vec();
    let (result, said) = scene.step(&[wrong.into_bytes(), unknown, get(3, 7)].concat());
    result.unwrap();
    assert!(said[1]["Err"].as_str().unwrap().contains("OutputID"), "{said:?}");
    assert!(said[2]["Err"].as_str().unwrap().contains("get2"), "{said:?}");
    assert_eq!(said[3]["Miss"], true);
    assert_eq!(fs::list(&scene.puts).unwrap(), [JOURNAL]);
}

#[test]
fn nonsense_ends_it_without_a_panic() {
    let scene = Scene::new();
    let good = [put(1, 7, b"some body of several groups"), get(2, 7), put(3, 8, b"x")].concat();
    for _ in 0..2000 {
        let mut bad = good.clone();
        for _ in 0..fastrand::usize(1..4) {
            let at = fastrand::usize(..bad.len());
            match fastrand::u8(..3) {
                0 => bad[at] = fastrand::u8(..),
                1 => bad.truncate(at + 1),
                _ => bad.insert(at, fastrand::u8(..)),
            }
        }
        let _ = scene.step(&bad);
    }
    assert!(scene.step(b"nonsense\n").0.is_err());
    assert!(scene.step(&good[..good.len() - 4]).0.is_err());
}
