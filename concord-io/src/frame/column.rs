use concord_core::{Column, Labels};

use crate::IoError;
use crate::h5::{Dataset, ElementType, H5File, NumberType, NumericArray, element_type, read_texts};

/// Reads a dataset as a column of numbers, truth values or texts.
pub(super) fn read_plain(file: &H5File, dataset: &Dataset) -> Result<Column, IoError> {
    let (object, n_dimensions) = (dataset.name(), dataset.shape().len());
    if n_dimensions != 1 {
        return Err(file.unsupported(object, format!("has {n_dimensions} dimensions; a column has one")));
    }
    match element_type(dataset) {
        ElementType::Boolean => Ok(Column::Booleans(read_booleans(file, dataset)?.into_iter().map(Some).collect())),
        ElementType::Text => {
            let texts = read_texts(file, dataset, object)?.unwrap_or_default();
            Ok(Column::Texts(texts.into_iter().map(Some).collect()))
        }
        ElementType::Number { number, .. } => read_numbers(file, dataset, number),
        _ => Err(file.unsupported(object, "holds neither numbers, truth values nor texts")),
    }
}

/// Whole numbers stay whole numbers; those that 64 signed bits cannot hold become floats.
fn read_numbers(file: &H5File, dataset: &Dataset, number: NumberType) -> Result<Column, IoError> {
    let array = NumericArray::open(file, dataset, dataset.name())?;
    if !number.is_float() {
        let (values, n_unfit) = array.read::<i64>()?;
        if n_unfit == 0 {
            return Ok(Column::Integers(values));
        }
    }
    Ok(Column::Floats(array.read::<f64>()?.0))
}

pub(super) fn read_booleans(file: &H5File, dataset: &Dataset) -> Result<Vec<bool>, IoError> {
    let (values, _) = NumericArray::open(file, dataset, dataset.name())?.read::<i64>()?;
    Ok(values.into_iter().map(|value| value != 0).collect())
}

/// Puts missing values into a column.
pub(super) fn with_missing(column: Column, missing: &[bool]) -> Column {
    let masked = |row: usize| missing.get(row) == Some(&true);
    match column {
        Column::Integers(values) if missing.contains(&true) => {
            let float = |(row, value): (usize, &i64)| if masked(row) { f64::NAN } else { *value as f64 };
            Column::Floats(values.iter().enumerate().map(float).collect())
        }
        Column::Floats(mut values) => {
            values.iter_mut().enumerate().filter(|&(row, _)| masked(row)).for_each(|(_, value)| *value = f64::NAN);
            Column::Floats(values)
        }
        Column::Booleans(mut values) => {
            values.iter_mut().enumerate().filter(|&(row, _)| masked(row)).for_each(|(_, value)| *value = None);
            Column::Booleans(values)
        }
        Column::Texts(mut values) => {
            values.iter_mut().enumerate().filter(|&(row, _)| masked(row)).for_each(|(_, value)| *value = None);
            Column::Texts(values)
        }
        other => other,
    }
}

/// Labels of codes in which a negative one stands for "missing".
pub(super) fn labels(codes: &[i64], names: Vec<String>) -> Result<Column, String> {
    let code = |&code: &i64| if code < 0 { Ok(None) } else { u32::try_from(code).map(Some) };
    let codes = codes.iter().map(code).collect::<Result<Vec<_>, _>>().map_err(|_| "a code is too large".to_owned())?;
    Labels::new(codes, names).map(Column::Labels).map_err(|error| error.to_string())
}

/// A column's values as texts: what the names of categories and of rows are made of.
pub(super) fn into_texts(column: Column) -> Option<Vec<String>> {
    Some(match column {
        Column::Texts(values) => values.into_iter().map(Option::unwrap_or_default).collect(),
        Column::Integers(values) => values.iter().map(i64::to_string).collect(),
        Column::Floats(values) => values.iter().map(|value| float_text(*value)).collect(),
        Column::Booleans(values) => {
            let text = |value| match value {
                Some(true) => "True",
                Some(false) => "False",
                None => "",
            };
            values.into_iter().map(|value| text(value).to_owned()).collect()
        }
        Column::Labels(labels) => {
            (0..labels.n_cells()).map(|row| labels.name_of(row).unwrap_or("").to_owned()).collect()
        }
        _ => return None,
    })
}

/// A float as Python prints it: always with a point or an exponent.
fn float_text(value: f64) -> String {
    if value.is_nan() { "nan".to_owned() } else { format!("{value:?}") }
}
