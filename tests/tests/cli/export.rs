//! Models for the Python package.

use std::fs;

use concord_io::read_obsm;

use crate::{concord, contents, demo_file, demo_run, fails, json_of, stderr_of};

#[test]
fn an_exported_model_embeds_as_the_model_does() {
    let folder = tempfile::tempdir().unwrap();
    let (out, embedded) = (folder.path().join("for python"), folder.path().join("embedded.h5ad"));
    let said = stderr_of(concord(&["export", "-o"]).arg(&out).arg(demo_run().join("model")));
    assert!(said.contains("Concord.load(") && said.contains("normalize_total(adata, target_sum=653)"), "{said}");
    let files = contents(&out);
    assert_eq!(files.keys().collect::<Vec<_>>(), ["config_concord.json", "final_model_concord.pt"]);

    // The files do not tell the total of the cells: it is the median, as `embed` takes it when it knows no other.
    let said = stderr_of(concord(&["embed", "-o"]).arg(&embedded).arg(demo_file()).arg("--model").arg(&out));
    assert!(said.contains("does not say how its input was normalised"), "{said}");
    let codes = |file: &std::path::Path| read_obsm(file, "Concord").unwrap();
    assert_eq!(codes(&embedded), codes(&demo_run().join("annotated.h5ad")));

    // Again, over what is there: the same bytes.
    let listed = json_of(concord(&["export", "-o"]).arg(&out).arg(demo_run().join("model")));
    assert_eq!(listed["files"].as_array().unwrap().len(), 2);
    assert!(contents(&out) == files);
}

#[test]
fn what_is_no_model_is_refused_and_older_files_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (model, out) = (folder.path().join("model"), folder.path().join("out"));
    fails(concord(&["export", "-o"]).arg(&out).arg(&model), &["model", "No such file"]);
    fs::create_dir_all(&model).unwrap();
    fails(concord(&["export", "-o"]).arg(&out).arg(&model), &["holds no model"]);
    assert!(!out.exists());
    fs::create_dir(&out).unwrap();
    fs::write(out.join("config_concord.json"), "older").unwrap();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(demo_run().join("model").join(file), model.join(file)).unwrap();
    }
    let weights = fs::read(model.join("model.safetensors")).unwrap();
    fs::write(model.join("model.safetensors"), &weights[..weights.len() / 2]).unwrap();
    fails(concord(&["export", "-o"]).arg(&out).arg(&model), &["not a whole safetensors file"]);
    assert_eq!(contents(&out).into_values().collect::<Vec<_>>(), [b"older"]);
    fails(concord(&["export", "-o"]).arg(demo_file()).arg(demo_run().join("model")), &["is a file, not a folder"]);
}
