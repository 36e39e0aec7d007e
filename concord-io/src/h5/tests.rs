//! Every form of the format, as HDF5 wrote it and Python read it; see `tests/fixtures/hdf5_forms.py`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use flate2::read::GzDecoder;
use libdeflater::crc32;
use serde_json::Value;
use tempfile::NamedTempFile;

use super::array::swapped;
use super::blocks::Blocks;
use super::format::{Datatype, LinkTarget, RawAttribute, attributes};
use super::object::{Dataset, Group, Node, Object};
use super::text::{read_texts, texts_of};
use super::{ElementType, H5File};

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The objects of a file by their paths.
fn described(part: &Value, file: &str) -> BTreeMap<String, Value> {
    let map = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let mut objects: BTreeMap<String, Value> = map(&part["objects"]).into_iter().collect();
    for (path, object) in map(&part["files"][file]) {
        objects.insert(path, object);
    }
    objects.retain(|_, object| !object.is_null());
    objects
}

#[test]
fn every_form_is_read_as_python_reads_it() {
    let parts: Value = serde_json::from_slice(&fixture("hdf5_forms.json")).unwrap();
    let (mut n_objects, mut wrong) = (0, Vec::new());
    for part in parts.as_object().unwrap().values() {
        for name in part["files"].as_object().unwrap().keys() {
            let mut unpacked = NamedTempFile::new().unwrap();
            let mut bytes = Vec::new();
            GzDecoder::new(&fixture(&format!("{name}.h5ad.gz"))[..]).read_to_end(&mut bytes).unwrap();
            unpacked.write_all(&bytes).unwrap();
            let file = H5File::open(unpacked.path()).unwrap();
            for (path, object) in described(part, name) {
                n_objects += 1;
                if let Err(problem) = check(&file, &path, &object) {
                    wrong.push(format!("{name}{path}: {problem}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {n_objects} objects:\n{}", wrong.len(), wrong.join("\n"));
    assert!(n_objects > 700, "{n_objects}");
}

fn find(file: &H5File, path: &str) -> Result<Option<Node>, String> {
    let mut node = Node::Group(file.root().clone());
    for name in path.split('/').filter(|name| !name.is_empty()) {
        let Node::Group(group) = &node else { return Ok(None) };
        let Some(next) = file.node(group, name).map_err(|error| error.to_string())? else { return Ok(None) };
        node = next;
    }
    Ok(Some(node))
}

fn check(file: &H5File, path: &str, object: &Value) -> Result<(), String> {
    let found = find(file, path);
    match (object["kind"].as_str().unwrap_or_default(), found) {
        ("dataset", Ok(Some(Node::Dataset(dataset)))) => {
            check_dataset(file, &dataset, object)?;
            check_attributes(file, &dataset, object)
        }
        ("group", Ok(Some(Node::Group(group)))) => {
            check_group(&group, object)?;
            check_attributes(file, &group, object)
        }
        ("soft link", found) => match object["leads_to"].as_str() {
            Some(_) => found.map(drop),
            None => expect_error(&found),
        },
        ("external link" | "named type", found) => expect_error(&found),
        ("hard link", found) => found.map(drop),
        (kind, Ok(_)) => Err(format!("is no {kind}")),
        (_, Err(error)) => Err(error),
    }
}

fn expect_error(found: &Result<Option<Node>, String>) -> Result<(), String> {
    if found.is_err() { Ok(()) } else { Err("can be read, although it leads nowhere".to_owned()) }
}

fn check_group(group: &Group, object: &Value) -> Result<(), String> {
    let names = group.names();
    equal("members", names.len() as u64, object["n_members"].as_u64().unwrap_or(0))?;
    equal("names", checksum_of_texts(&names), object["checksum"].as_u64().unwrap_or(0) as u32)
}

fn check_dataset(file: &H5File, dataset: &Dataset, object: &Value) -> Result<(), String> {
    let shape = object["shape"].as_array();
    equal("being nothing", dataset.is_null(), shape.is_none())?;
    let expected: Vec<usize> =
        shape.into_iter().flatten().map(|length| length.as_u64().unwrap_or(0) as usize).collect();
    equal("shape", dataset.shape(), &expected)?;
    if !object["refused"].is_null() {
        return match Blocks::open(file, dataset, "it") {
            Err(error)
                if ["write it with gzip", "h5repack does"].iter().any(|hint| error.to_string().contains(hint)) =>
            {
                Ok(())
            }
            other => Err(format!("expected a polite refusal, found {other:?}")),
        };
    }
    let Some(checksum) = object["checksum"].as_u64() else { return Ok(()) };
    if !object["bits"].is_null() {
        return equal(
            "type of numbers that do not fill their bytes",
            ElementType::of(dataset.datatype()),
            ElementType::Other,
        );
    }
    let found = if let Some(texts) = read_texts(file, dataset, "it").map_err(|error| error.to_string())? {
        checksum_of_texts(&texts)
    } else {
        let bytes = Blocks::open(file, dataset, "it").and_then(|blocks| blocks.read_all());
        checksum_of_numbers(dataset.datatype(), &bytes.map_err(|error| error.to_string())?)
    };
    equal("values", found, checksum as u32)
}

fn check_attributes(file: &H5File, of: &Object, object: &Value) -> Result<(), String> {
    let Some(expected) = object["attributes"].as_object() else { return Ok(()) };
    let found = attributes(file.source(), of.header()).map_err(|fault| format!("attributes: {fault:?}"))?;
    equal("number of attributes", found.len(), expected.len())?;
    for (name, wanted) in expected {
        let attribute = found.iter().find(|attribute| attribute.name == *name);
        let attribute = attribute.ok_or_else(|| format!("the attribute {name} is missing"))?;
        if let Some(checksum) = wanted["checksum"].as_u64() {
            equal(&format!("attribute {name}"), checksum_of_attribute(file, attribute)?, checksum as u32)?;
        }
    }
    Ok(())
}

fn checksum_of_attribute(file: &H5File, attribute: &RawAttribute) -> Result<u32, String> {
    let texts = texts_of(file.source(), &attribute.datatype, &attribute.bytes).map_err(|fault| format!("{fault:?}"))?;
    Ok(texts
        .map_or_else(|| checksum_of_numbers(&attribute.datatype, &attribute.bytes), |texts| checksum_of_texts(&texts)))
}

fn checksum_of_texts(texts: &[String]) -> u32 {
    let bytes: Vec<u8> = texts.iter().flat_map(|text| text.bytes().chain([0])).collect();
    crc32(&bytes)
}

fn checksum_of_numbers(datatype: &Datatype, bytes: &[u8]) -> u32 {
    match ElementType::of(datatype) {
        ElementType::Number { number, swapped: true } => crc32(&swapped(bytes, number)),
        _ => crc32(bytes),
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found:?}, expected {expected:?}")) }
}

/// A file of these bytes behind a superblock; the top-level group is at `root`.
fn file_of(body: &[u8], root: u64) -> (NamedTempFile, Result<H5File, crate::IoError>) {
    let file = NamedTempFile::new().unwrap();
    let mut appender = super::Appender::new(file.reopen().unwrap());
    appender.put_aligned(body).unwrap();
    appender.finish(root).unwrap();
    let opened = H5File::open(file.path());
    (file, opened)
}

/// Where [`file_of`] puts the bytes.
const BODY: u64 = 48;

fn words(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    numbers.into_iter().flat_map(u64::to_le_bytes).collect()
}

/// Continuations of a header that overlap could be read as many times as there are places in the file.
#[test]
fn headers_larger_than_the_file_are_refused() {
    let n = 20_000_u64;
    let messages = BODY + 16;
    // A header of version 1 with messages of kind 0x10, each of which leads into the messages behind it.
    let mut body = words([1 | n << 16, n * 24]);
    body[4..8].copy_from_slice(&1_u32.to_le_bytes());
    body[8..12].copy_from_slice(&((n * 24) as u32).to_le_bytes());
    for index in 0..n {
        body.extend(words([0x10 | 16 << 16, messages + 24 * (index / 2), n * 24 - 24 * (index / 2)]));
    }
    let (_, opened) = file_of(&body, BODY);
    let error = opened.unwrap_err().to_string();
    assert!(error.contains("larger than the file") || error.contains("part of itself"), "{error}");
}

/// A table of names that stands in a tree again and again.
#[test]
fn tables_that_are_repeated_are_refused() {
    let (tree, table, heap) = (BODY + 16 + 24, 200_000, 100);
    let mut body = words([1 | 1 << 16, 24]);
    body[4..12].copy_from_slice(&words([1 | 24 << 32]));
    body.extend(words([0x11 | 16 << 16, tree, heap]));
    body.extend(b"TREE\0\0");
    body.extend(6000_u16.to_le_bytes());
    body.extend(words([u64::MAX, u64::MAX]));
    (0..6000).for_each(|_| body.extend(words([0, table])));
    body.resize((table - BODY) as usize, 0);
    body.extend(b"SNOD\x01\0\0\x02");
    body.resize(body.len() + 40 * 512, 0);
    body[(heap - BODY) as usize..][..4].copy_from_slice(b"HEAP");
    let (_, opened) = file_of(&body, BODY);
    assert!(opened.is_err());
}

/// Links that lead through each other, twice as long a way with each.
#[test]
fn links_that_lead_on_and_on_are_refused() {
    let file = NamedTempFile::new().unwrap();
    let mut appender = super::Appender::new(file.reopen().unwrap());
    let mut root = super::GroupDraft::new(&mut appender, "anndata", "0.1.0").unwrap();
    root.set_link("l0", LinkTarget::Soft("/".to_owned()));
    for level in 1..60 {
        let path = format!("l{}/l{}", level - 1, level - 1);
        root.set_link(&format!("l{level}"), LinkTarget::Soft(path));
    }
    let address = root.write(&mut appender).unwrap();
    appender.finish(address).unwrap();
    let file = H5File::open(file.path()).unwrap();
    assert!(file.node(file.root(), "l5").unwrap().is_some());
    let error = file.node(file.root(), "l59").unwrap_err().to_string();
    assert!(error.contains("ever other links"), "{error}");
}

/// Groups inside groups that are looked into, and objects: files can contain themselves.
const MAX_DEPTH: usize = 5;
const MAX_OBJECTS: usize = 600;

/// Reads everything in a file that can be read.
pub(crate) fn walk(file: &H5File) {
    let mut waiting = vec![(file.root().clone(), 0)];
    let mut n_objects = 0;
    while let Some((group, depth)) = waiting.pop() {
        let _ = attributes(file.source(), group.header());
        for name in group.names() {
            n_objects += 1;
            if n_objects > MAX_OBJECTS {
                return;
            }
            match file.node(&group, &name) {
                Ok(Some(Node::Group(group))) if depth < MAX_DEPTH => waiting.push((group, depth + 1)),
                Ok(Some(Node::Dataset(dataset))) => read_all(file, &dataset),
                _ => (),
            }
        }
    }
}

fn read_all(file: &H5File, dataset: &Dataset) {
    let _ = attributes(file.source(), dataset.header());
    if !matches!(read_texts(file, dataset, "it"), Ok(None)) {
        return;
    }
    let _ = Blocks::open(file, dataset, "it").and_then(|blocks| blocks.read_all());
    if let Ok(Some(records)) = super::Records::read(file, dataset) {
        for field in records.fields() {
            let _ = (records.numbers::<f64>(field), records.texts(field));
        }
    }
}
