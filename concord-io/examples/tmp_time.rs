//! x
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]
fn main() {
    for p in std::env::args().skip(1) {
        for _ in 0..3 {
            let t = std::time::Instant::now();
            let m = concord_io::read_10x(&p, &concord_io::TenxOptions::default()).unwrap();
            println!("{p} {:?} {} {:?}", t.elapsed(), m.matrix.nnz(), m.notes);
        }
    }
}
