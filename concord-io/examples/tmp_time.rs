//! x
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let out = std::path::Path::new(&a[0]);
    for p in &a[1..] {
        let name = std::path::Path::new(p).file_name().unwrap();
        let t = std::time::Instant::now();
        println!(
            "{p} {:?} {:?}",
            concord_io::rewrite_h5ad(p, out.join(name), &concord_io::WriteOptions::default()),
            t.elapsed()
        );
    }
}
