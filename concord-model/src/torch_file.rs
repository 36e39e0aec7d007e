//! Files as `torch.save` writes them: a zip archive of a pickle, which describes the tensors, and of their values.
//!
//! The pickle is a program for a stack machine that Python's `pickle` module runs. This one makes a dictionary of tensors
//! and names nothing but what `torch.load` allows by default (`weights_only=True`).

use std::io::{Cursor, Write};

use zip::{CompressionMethod, ZipWriter, result::ZipError, write::SimpleFileOptions};

use crate::weights::NamedTensor;

/// The folder that everything in the archive is in; its name does not matter.
const ROOT: &str = "model";

/// Where values begin is a multiple of this many bytes, so that PyTorch can map them into memory.
const ALIGNMENT: u16 = 64;

/// The bytes of a file that holds a dictionary of tensors of 32-bit floats, in their order.
///
/// Source: PyTorch 2.9, `torch/serialization.py`, and Python's `pickletools`, protocol 2.
pub(crate) fn to_bytes(tensors: &[NamedTensor]) -> Result<Vec<u8>, ZipError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).with_alignment(ALIGNMENT);
    let mut add = |name: &str, bytes: &[u8]| -> Result<(), ZipError> {
        archive.start_file(format!("{ROOT}/{name}"), options)?;
        Ok(archive.write_all(bytes)?)
    };
    add("data.pkl", &pickle(tensors))?;
    add("byteorder", b"little")?;
    for (key, (_, _, values)) in tensors.iter().enumerate() {
        add(&format!("data/{key}"), values)?;
    }
    add("version", b"3\n")?;
    Ok(archive.finish()?.into_inner())
}

/// The program that makes the dictionary; the values of the tensor at place `k` are those of the file `data/k`.
fn pickle(tensors: &[NamedTensor]) -> Vec<u8> {
    let mut program = Program(vec![PROTOCOL, 2]);
    program.empty_ordered_dict();
    program.push(MARK);
    for (key, (name, shape, _)) in tensors.iter().enumerate() {
        program.text(name);
        program.tensor(key, shape);
    }
    program.push(SET_ITEMS);
    program.push(STOP);
    program.0
}

// The opcodes, under their names in `pickletools`.
const PROTOCOL: u8 = 0x80;
const MARK: u8 = b'(';
const STOP: u8 = b'.';
const GLOBAL: u8 = b'c';
const EMPTY_TUPLE: u8 = b')';
const TUPLE: u8 = b't';
const REDUCE: u8 = b'R';
const BIN_UNICODE: u8 = b'X';
const LONG_1: u8 = 0x8a;
const BIN_PERSISTENT_ID: u8 = b'Q';
const NEW_FALSE: u8 = 0x89;
const SET_ITEMS: u8 = b'u';

/// A pickle in the making.
struct Program(Vec<u8>);

impl Program {
    fn push(&mut self, opcode: u8) {
        self.0.push(opcode);
    }

    fn global(&mut self, module: &str, name: &str) {
        self.push(GLOBAL);
        self.0.extend(format!("{module}\n{name}\n").bytes());
    }

    fn text(&mut self, text: &str) {
        self.push(BIN_UNICODE);
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.bytes());
    }

    /// An integer of eight bytes.
    fn number(&mut self, number: usize) {
        self.0.extend([LONG_1, 8]);
        self.0.extend((number as u64).to_le_bytes());
    }

    fn numbers(&mut self, numbers: &[usize]) {
        self.push(MARK);
        for &number in numbers {
            self.number(number);
        }
        self.push(TUPLE);
    }

    /// `OrderedDict()`
    fn empty_ordered_dict(&mut self) {
        self.global("collections", "OrderedDict");
        self.push(EMPTY_TUPLE);
        self.push(REDUCE);
    }

    /// `_rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`, where the storage is a persistent object,
    /// `("storage", FloatStorage, key, "cpu", number of values)`.
    fn tensor(&mut self, key: usize, shape: &[usize]) {
        let strides: Vec<usize> = (1..=shape.len()).map(|axis| shape[axis..].iter().product()).collect();
        self.global("torch._utils", "_rebuild_tensor_v2");
        self.push(MARK);
        self.push(MARK);
        self.text("storage");
        self.global("torch", "FloatStorage");
        self.text(&key.to_string());
        self.text("cpu");
        self.number(shape.iter().product());
        self.push(TUPLE);
        self.push(BIN_PERSISTENT_ID);
        self.number(0);
        self.numbers(shape);
        self.numbers(&strides);
        self.push(NEW_FALSE);
        self.empty_ordered_dict();
        self.push(TUPLE);
        self.push(REDUCE);
    }
}
