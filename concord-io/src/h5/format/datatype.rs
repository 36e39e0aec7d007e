use super::{Cursor, Fault};

/// Types inside types inside types.
const MAX_DEPTH: usize = 8;

/// The type of an element as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::h5) enum Datatype {
    Integer {
        n_bytes: usize,
        signed: bool,
        big_endian: bool,
        full: bool,
    },
    Float {
        n_bytes: usize,
        big_endian: bool,
        ieee: bool,
    },
    /// A text that has this much room.
    FixedText {
        n_bytes: usize,
        padding: Padding,
    },
    /// A text of any length, which lies in a heap.
    VariableText {
        n_bytes: usize,
    },
    Record {
        n_bytes: usize,
        members: Vec<Member>,
    },
    Enumeration {
        n_bytes: usize,
    },
    Array {
        n_bytes: usize,
        shape: Vec<usize>,
        element: Box<Datatype>,
    },
    /// The address of another object, which is how anndata 0.7 tells where the categories of a column are.
    Reference {
        n_bytes: usize,
    },
    /// Bytes that are none of the above and lead nowhere.
    Opaque {
        n_bytes: usize,
    },
    Other {
        n_bytes: usize,
    },
}

/// What follows a text that does not fill its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::h5) enum Padding {
    Zeros,
    Spaces,
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::h5) struct Member {
    pub(in crate::h5) name: String,
    pub(in crate::h5) offset: usize,
    pub(in crate::h5) datatype: Datatype,
}

impl Datatype {
    /// Size of an element in bytes.
    pub(in crate::h5) fn n_bytes(&self) -> usize {
        match self {
            Self::Integer { n_bytes, .. }
            | Self::Float { n_bytes, .. }
            | Self::FixedText { n_bytes, .. }
            | Self::VariableText { n_bytes }
            | Self::Record { n_bytes, .. }
            | Self::Enumeration { n_bytes }
            | Self::Array { n_bytes, .. }
            | Self::Reference { n_bytes }
            | Self::Opaque { n_bytes }
            | Self::Other { n_bytes } => *n_bytes,
        }
    }

    pub(in crate::h5) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Fault> {
        parse(cursor, 0)
    }
}

fn parse(cursor: &mut Cursor<'_>, depth: usize) -> Result<Datatype, Fault> {
    if depth > MAX_DEPTH {
        return Err(Fault::unsupported("its type has too many types inside each other"));
    }
    let (front, bits) = (cursor.u8()?, cursor.uint(3)? as u32);
    let (version, class) = (front >> 4, front & 0x0f);
    let n_bytes = cursor.u32()? as usize;
    if n_bytes == 0 || !(1..=5).contains(&version) {
        return Err(Fault::damaged(format!("its type has version {version} and {n_bytes} bytes")));
    }
    Ok(match class {
        0 => integer(cursor, bits, n_bytes)?,
        1 => float(cursor, bits, n_bytes)?,
        3 => {
            let padding = if bits & 0x0f == 2 { Padding::Spaces } else { Padding::Zeros };
            Datatype::FixedText { n_bytes, padding }
        }
        5 => {
            cursor.skip((bits & 0xff) as usize)?;
            Datatype::Opaque { n_bytes }
        }
        6 => record(cursor, version, bits & 0xffff, n_bytes, depth)?,
        7 if matches!(bits & 0x0f, 0) => Datatype::Reference { n_bytes },
        8 => enumeration(cursor, version, bits & 0xffff, n_bytes, depth)?,
        9 => {
            parse(cursor, depth + 1)?;
            let is_text = bits & 0x0f == 1 && n_bytes == 8 + cursor.sizes().offset;
            if is_text { Datatype::VariableText { n_bytes } } else { Datatype::Other { n_bytes } }
        }
        10 => array(cursor, version, n_bytes, depth)?,
        2 => {
            cursor.skip(2)?;
            Datatype::Opaque { n_bytes }
        }
        4 => {
            cursor.skip(4)?;
            Datatype::Opaque { n_bytes }
        }
        _ => Datatype::Other { n_bytes },
    })
}

fn integer(cursor: &mut Cursor<'_>, bits: u32, n_bytes: usize) -> Result<Datatype, Fault> {
    let (offset, precision) = (cursor.u16()?, usize::from(cursor.u16()?));
    let full = offset == 0 && precision == 8 * n_bytes;
    Ok(Datatype::Integer { n_bytes, signed: bits & 8 != 0, big_endian: bits & 1 != 0, full })
}

fn float(cursor: &mut Cursor<'_>, bits: u32, n_bytes: usize) -> Result<Datatype, Fault> {
    let (offset, precision) = (cursor.u16()?, cursor.u16()?);
    let fields = [cursor.u8()?, cursor.u8()?, cursor.u8()?, cursor.u8()?];
    let bias = cursor.u32()?;
    let is_vax = bits & 0x40 != 0;
    let ieee = match (n_bytes, offset, precision, fields, bias) {
        (2, 0, 16, [10, 5, 0, 10], 15) | (4, 0, 32, [23, 8, 0, 23], 127) | (8, 0, 64, [52, 11, 0, 52], 1023) => !is_vax,
        _ => false,
    };
    Ok(Datatype::Float { n_bytes, big_endian: bits & 1 != 0, ieee })
}

fn record(
    cursor: &mut Cursor<'_>,
    version: u8,
    n_members: u32,
    n_bytes: usize,
    depth: usize,
) -> Result<Datatype, Fault> {
    let mut members = Vec::new();
    for _ in 0..n_members {
        let name = member_name(cursor, version)?;
        let offset_bytes = if version < 3 { 4 } else { (usize::BITS - n_bytes.leading_zeros()).div_ceil(8) as usize };
        let offset = cursor.uint(offset_bytes)? as usize;
        let old_shape = if version == 1 { old_member_shape(cursor)? } else { Vec::new() };
        let mut datatype = parse(cursor, depth + 1)?;
        if !old_shape.is_empty() {
            datatype = array_of(old_shape, datatype)?;
        }
        if offset.checked_add(datatype.n_bytes()).is_none_or(|end| end > n_bytes) {
            return Err(Fault::damaged(format!("its field {name} lies outside of its record")));
        }
        members.push(Member { name, offset, datatype });
    }
    Ok(Datatype::Record { n_bytes, members })
}

/// The first version says of each field what later an array type says.
fn old_member_shape(cursor: &mut Cursor<'_>) -> Result<Vec<usize>, Fault> {
    let n_dimensions = usize::from(cursor.u8()?);
    cursor.skip(11)?;
    let lengths = cursor.lengths(4)?;
    let shape = lengths.get(..n_dimensions).map(<[usize]>::to_vec);
    shape.ok_or_else(|| Fault::damaged(format!("a field has {n_dimensions} dimensions")))
}

fn member_name(cursor: &mut Cursor<'_>, version: u8) -> Result<String, Fault> {
    let start = cursor.place();
    let name = cursor.text()?;
    if version < 3 {
        let n_bytes = cursor.place() - start;
        cursor.skip(n_bytes.next_multiple_of(8) - n_bytes)?;
    }
    Ok(name)
}

fn enumeration(
    cursor: &mut Cursor<'_>,
    version: u8,
    n_members: u32,
    n_bytes: usize,
    depth: usize,
) -> Result<Datatype, Fault> {
    let base = parse(cursor, depth + 1)?;
    for _ in 0..n_members {
        member_name(cursor, version)?;
    }
    cursor.skip((n_members as usize).saturating_mul(base.n_bytes()))?;
    Ok(Datatype::Enumeration { n_bytes })
}

fn array(cursor: &mut Cursor<'_>, version: u8, n_bytes: usize, depth: usize) -> Result<Datatype, Fault> {
    let n_dimensions = usize::from(cursor.u8()?);
    cursor.skip(if version < 3 { 3 } else { 0 })?;
    let shape = cursor.lengths(n_dimensions)?;
    cursor.skip(if version < 3 { 4 * n_dimensions } else { 0 })?;
    let array = array_of(shape, parse(cursor, depth + 1)?)?;
    if array.n_bytes() == n_bytes { Ok(array) } else { Err(Fault::damaged("the size of an array type is wrong")) }
}

fn array_of(shape: Vec<usize>, element: Datatype) -> Result<Datatype, Fault> {
    let n_bytes = shape.iter().try_fold(element.n_bytes(), |n, &length| n.checked_mul(length)).filter(|&n| n > 0);
    let n_bytes = n_bytes.ok_or_else(|| Fault::damaged(format!("an array type has the shape {shape:?}")))?;
    Ok(Datatype::Array { n_bytes, shape, element: Box::new(element) })
}
