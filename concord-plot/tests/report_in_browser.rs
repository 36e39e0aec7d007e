//! The report as its readers have it: opened in a headless Chromium and used with mouse and keys.
//!
//! With `CONCORD_SCREENSHOTS` set to a folder, what is seen on the way is left there.

#![cfg(unix)]
#![allow(clippy::print_stderr, reason = "skipped tests and measured times are told")]

mod browser;
mod reports;

use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde_json::json;

use self::browser::accessibility::{contrast_suffices, controls_have_names};
use self::browser::pictures::{copy_screenshot, n_coloured, pixels, screenshot};
use self::browser::{Browser, Graphics, Outcome, find};
use self::reports::{Cells, HOSTILE};

const ENTER: u32 = 13;
const SPACE: u32 = 32;

#[test]
fn the_report_works_with_webgl() -> Outcome {
    use_report(Graphics::Webgl)
}

#[test]
fn the_report_works_without_webgl() -> Outcome {
    use_report(Graphics::Canvas)
}

fn use_report(graphics: Graphics) -> Outcome {
    let Some(program) = find() else { return Ok(()) };
    let name = format!("{graphics:?}").to_lowercase();
    let mut browser = Browser::start(&program, &name, graphics)?;
    let page = save_page(&browser, &Cells::new(600)?)?;
    browser.open(&page)?;
    let renderer = browser.text("document.getElementById('points').dataset.renderer")?;
    assert_eq!(renderer, name);
    names_are_text(&mut browser)?;
    the_embedding_is_drawn_and_moved(&mut browser)?;
    cells_tell_their_names(&mut browser)?;
    colours_are_chosen(&mut browser)?;
    clouds_turn(&mut browser)?;
    tables_are_sorted_searched_and_copied(&mut browser)?;
    pictures_are_saved(&mut browser)?;
    fingers_pinch(&mut browser)?;
    if graphics == Graphics::Webgl {
        the_graphics_card_comes_back(&mut browser)?;
    }
    the_theme_changes(&mut browser)?;
    controls_have_names(&mut browser)?;
    pages_fit_a_telephone(&mut browser)?;
    assert_eq!(browser.value("typeof window.hacked")?, "undefined");
    assert_eq!(browser.complaints(), [] as [String; 0]);
    Ok(())
}

fn save_page(browser: &Browser, cells: &Cells) -> Outcome<PathBuf> {
    let path = browser.folder.join("report.html");
    fs::write(&path, cells.page()?)?;
    Ok(path)
}

fn names_are_text(browser: &mut Browser) -> Outcome {
    assert_eq!(browser.text("document.title")?, HOSTILE[0]);
    assert_eq!(browser.text("document.querySelector('h1').textContent")?, HOSTILE[0]);
    assert_eq!(browser.text("document.querySelector('dt').textContent")?, HOSTILE[1]);
    assert_eq!(browser.text("document.querySelector('.warning li').textContent")?, HOSTILE[1]);
    assert_eq!(browser.text("document.querySelector('.contents ul:last-child a').textContent")?, HOSTILE[0]);
    assert_eq!(browser.text("document.querySelector('.entry-name').textContent")?, HOSTILE[0]);
    let foreign = "document.querySelectorAll('[onerror], [onload], img[src=x], svg').length";
    assert_eq!(browser.value(foreign)?, 0);
    screenshot(browser, "summary")
}

fn the_embedding_is_drawn_and_moved(browser: &mut Browser) -> Outcome {
    browser.click(".contents a[href='#embedding']")?;
    assert_eq!(browser.value("document.querySelectorAll('.page.open').length")?, 1);
    assert_eq!(browser.text("document.activeElement.id")?, "embedding-title");
    screenshot(browser, "embedding")?;
    let first = browser.picture(Some("#plot"))?;
    let coloured = n_coloured(&first)?;
    assert!(coloured > 2000, "{coloured} pixels are coloured");
    let (x, y) = browser.middle_of("#points")?;
    browser.mouse("mouseWheel", x, y, &json!({"deltaX": 0, "deltaY": -240}))?;
    let zoomed = browser.picture(Some("#plot"))?;
    assert_ne!(first, zoomed, "the wheel zooms");
    browser.drag((x, y), (x + 60.0, y + 40.0))?;
    assert_ne!(zoomed, browser.picture(Some("#plot"))?, "dragging moves");
    browser.value("document.getElementById('points').focus()")?;
    for (key, number) in [("ArrowLeft", 37), ("+", 187), ("-", 189)] {
        let before = browser.picture(Some("#plot"))?;
        browser.key(key, number)?;
        assert_ne!(before, browser.picture(Some("#plot"))?, "{key}");
    }
    browser.click("#reset-view")?;
    browser.value("document.activeElement.blur()")?;
    browser.mouse("mouseMoved", 1.0, 1.0, &json!({}))?;
    assert!(first == browser.picture(Some("#plot"))?, "the same view gives the same picture");
    Ok(())
}

fn cells_tell_their_names(browser: &mut Browser) -> Outcome {
    let (left, top) = (value_of(browser, "left")?, value_of(browser, "top")?);
    let (width, height) = (value_of(browser, "width")?, value_of(browser, "height")?);
    // Somewhere on a line through the middle there is a cell.
    for step in 1..200 {
        browser.mouse("mouseMoved", left + width * f64::from(step) / 200.0, top + height / 2.0, &json!({}))?;
        browser.settle()?;
        if browser.value("!document.getElementById('tooltip').hidden")? == json!(true) {
            let name = browser.text("document.querySelector('#tooltip b').textContent")?;
            assert!(HOSTILE.iter().any(|start| name.starts_with(start)), "{name}");
            return screenshot(browser, "tooltip");
        }
    }
    Err("no cell under the pointer".into())
}

fn value_of(browser: &mut Browser, side: &str) -> Outcome<f64> {
    let value = browser.value(&format!("document.getElementById('points').getBoundingClientRect().{side}"))?;
    value.as_f64().ok_or_else(|| side.into())
}

fn colours_are_chosen(browser: &mut Browser) -> Outcome {
    let before = browser.picture(Some("#plot"))?;
    browser.click("#colour-input")?;
    assert_eq!(browser.value("document.querySelectorAll('[role=option]').length")?, 9);
    screenshot(browser, "choices")?;
    browser.write("ly")?;
    browser.key("Enter", ENTER)?;
    let status = "document.getElementById('plot-status').textContent";
    assert_eq!(browser.text(status)?, "Coloured by LYZ: 0 to 7, median 0, above zero in 16.7 % of the cells.");
    assert_ne!(before, browser.picture(Some("#plot"))?);
    assert_eq!(browser.value("document.querySelectorAll('.colour-bar').length")?, 1);
    for (query, start) in [("counts", "Coloured by counts: 0 to 599"), ("neuron 3", "Coloured by Neuron 3: −0.25 to 1")]
    {
        browser.click("#colour-input")?;
        browser.write(query)?;
        browser.key("Enter", ENTER)?;
        let text = browser.text(status)?;
        assert!(text.starts_with(start), "{text}");
    }
    browser.click("#colour-input")?;
    browser.write("nothing has this name")?;
    browser.key("Escape", 27)?;
    assert_eq!(browser.text("document.getElementById('colour-input').value")?, "Neuron 3");
    browser.click("#colour-input")?;
    browser.write("script")?;
    browser.key("Enter", ENTER)?;
    categories_are_highlighted(browser)
}

fn categories_are_highlighted(browser: &mut Browser) -> Outcome {
    let all = n_coloured(&browser.picture(Some("#points"))?)?;
    browser.value("document.querySelector('.entry').focus()")?;
    browser.key(" ", SPACE)?;
    assert_eq!(browser.text("document.activeElement.getAttribute('aria-pressed')")?, "true");
    let one = n_coloured(&browser.picture(Some("#points"))?)?;
    assert!(one < all / 2, "{one} of {all} pixels stay coloured");
    screenshot(browser, "highlight")?;
    browser.click("[data-code='all']")?;
    assert_eq!(browser.value("document.querySelectorAll('[aria-pressed=true]').length")?, 0);
    Ok(())
}

fn clouds_turn(browser: &mut Browser) -> Outcome {
    let flat = browser.picture(Some("#plot"))?;
    browser.click("#embedding-choice label:last-child span")?;
    let solid = browser.picture(Some("#plot"))?;
    assert_ne!(flat, solid);
    assert!(n_coloured(&solid)? > 2000);
    let (x, y) = browser.middle_of("#points")?;
    browser.drag((x, y), (x + 80.0, y + 30.0))?;
    screenshot(browser, "solid")?;
    assert_ne!(solid, browser.picture(Some("#plot"))?);
    browser.click("#embedding-choice label span")
}

fn tables_are_sorted_searched_and_copied(browser: &mut Browser) -> Outcome {
    let permissions = json!({"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]});
    browser.send("Browser.grantPermissions", &permissions)?;
    browser.click(".contents a[href='#context-1']")?;
    screenshot(browser, "context")?;
    let table = "document.querySelector('.page.open table')";
    assert_eq!(browser.value(&format!("{table}.tBodies[0].rows.length"))?, 15);
    assert_eq!(browser.value(&format!("{table}.caption.textContent.startsWith('Table 2.')"))?, true);
    let first_gene = format!("{table}.tBodies[0].rows[0].cells[1].textContent");
    assert_eq!(browser.text(&first_gene)?, "LYZ");
    browser.click(".page.open th:nth-child(4) button")?;
    let sorted = format!("{table}.querySelector('th:nth-child(4)').getAttribute('aria-sort')");
    assert_eq!((browser.text(&sorted)?.as_str(), browser.text(&first_gene)?.as_str()), ("descending", "G39"));
    browser.key("Enter", ENTER)?;
    assert_eq!((browser.text(&sorted)?.as_str(), browser.text(&first_gene)?.as_str()), ("ascending", "LYZ"));
    browser.click(".page.open .table-tools input")?;
    browser.write("g1")?;
    assert_eq!(browser.value(&format!("{table}.tBodies[0].rows.length"))?, 11);
    browser.click(".page.open .table-tools button")?;
    let copied = "navigator.clipboard.readText()";
    assert!(browser.text(copied)?.starts_with("G1\nG10\nG11"), "{}", browser.text(copied)?);
    browser.click(".page.open .table-tools button:nth-of-type(2)")?;
    assert!(browser.text(copied)?.starts_with("Rank\tGene\tImportance\t"), "{}", browser.text(copied)?);
    browser.wait_for("document.querySelector('.page.open .table-tools button').textContent === 'Copy 11 genes'")?;
    genes_colour_the_embedding(browser)
}

fn genes_colour_the_embedding(browser: &mut Browser) -> Outcome {
    let status = "document.getElementById('plot-status').textContent";
    assert_eq!(browser.value("document.body.classList.contains('docked')")?, true);
    browser.click(".page.open td.genes button.small")?;
    browser.click(".page.open td.genes button.gene")?;
    assert!(browser.text(status)?.starts_with(&format!("Coloured by {}", HOSTILE[1])));
    // In a narrow window the embedding does not stand beside the page, so the click leads to it.
    browser.resize(700, 900)?;
    browser.click(".page.open .target[data-neuron] > button")?;
    browser.wait_for("location.hash === '#embedding'")?;
    assert!(browser.text(status)?.starts_with("Coloured by Neuron 3"));
    browser.value("history.back()")?;
    browser.wait_for("location.hash === '#context-1'")?;
    browser.resize(1280, 900)
}

fn pictures_are_saved(browser: &mut Browser) -> Outcome {
    let folder = browser.folder.join("saved");
    fs::create_dir_all(&folder)?;
    browser.send("Browser.setDownloadBehavior", &json!({"behavior": "allow", "downloadPath": folder}))?;
    browser.click(".contents a[href='#embedding']")?;
    browser.click("#save-picture")?;
    let start = Instant::now();
    loop {
        let saved = fs::read_dir(&folder)?.filter_map(Result::ok).map(|entry| entry.path());
        if let Some(path) = saved.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "png")) {
            let picture = fs::read(&path)?;
            assert!(n_coloured(&picture)? > 10_000, "{}", path.display());
            return Ok(copy_screenshot(browser, "saved", &picture)?);
        }
        if start.elapsed() > Duration::from_secs(20) {
            return Err("no picture was saved".into());
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn fingers_pinch(browser: &mut Browser) -> Outcome {
    let before = browser.picture(Some("#plot"))?;
    let (x, y) = browser.middle_of("#points")?;
    for (kind, apart) in [("touchStart", 30.0), ("touchMove", 90.0), ("touchEnd", 0.0)] {
        let fingers = [json!({"x": x - apart, "y": y, "id": 0}), json!({"x": x + apart, "y": y, "id": 1})];
        let touching = if kind == "touchEnd" { &fingers[..0] } else { &fingers };
        browser.send("Input.dispatchTouchEvent", &json!({"type": kind, "touchPoints": touching}))?;
    }
    assert_ne!(before, browser.picture(Some("#plot"))?);
    browser.click("#reset-view")
}

fn the_graphics_card_comes_back(browser: &mut Browser) -> Outcome {
    let before = browser.picture(Some("#plot"))?;
    let card = "document.getElementById('points').getContext('webgl2').getExtension('WEBGL_lose_context')";
    browser.value(&format!("window.card = {card}; card.loseContext()"))?;
    browser.settle()?;
    browser.value("card.restoreContext()")?;
    let start = Instant::now();
    while browser.picture(Some("#plot"))? != before {
        if start.elapsed() > Duration::from_secs(10) {
            return Err("the cells were not drawn again".into());
        }
    }
    Ok(())
}

fn the_theme_changes(browser: &mut Browser) -> Outcome {
    let paper = "getComputedStyle(document.body).backgroundColor";
    let light = browser.text(paper)?;
    contrast_suffices(browser)?;
    browser.click("#theme-toggle")?;
    assert_eq!(browser.text("document.documentElement.dataset.theme")?, "dark");
    assert_ne!(light, browser.text(paper)?);
    contrast_suffices(browser)?;
    let corner = pixels(&browser.picture(Some("#points"))?)?.0[..3].to_vec();
    assert!(corner.iter().all(|&band| band < 80), "{corner:?}");
    screenshot(browser, "dark")?;
    browser.click("#theme-toggle")
}

fn pages_fit_a_telephone(browser: &mut Browser) -> Outcome {
    browser.resize(360, 740)?;
    for page in ["summary", "embedding", "latent", "trust", "context-1"] {
        browser.value(&format!("location.hash = '#{page}'"))?;
        browser.settle()?;
        screenshot(browser, &format!("narrow_{page}"))?;
        let width = browser.value("document.documentElement.scrollWidth")?;
        assert!(width.as_u64() <= Some(360), "{page} is {width} wide");
    }
    browser.resize(1280, 900)
}

/// Without its program the report still is a document: all pages, and figures, one after another.
#[test]
fn the_report_can_be_read_without_scripts() -> Outcome {
    let Some(program) = find() else { return Ok(()) };
    let mut browser = Browser::start(&program, "unscripted-webgl", Graphics::Webgl)?;
    let page = save_page(&browser, &Cells::new(60)?)?;
    browser.send("Emulation.setScriptExecutionDisabled", &json!({"value": true}))?;
    browser.send("Page.navigate", &json!({"url": format!("file://{}", page.display())}))?;
    browser.wait_for("document.readyState === 'complete' && document.querySelectorAll('.page').length > 0")?;
    let seen = "[...document.querySelectorAll('.page')].filter((page) => page.offsetParent !== null).length";
    assert_eq!(browser.value(seen)?, 6);
    let figures = "[...document.querySelectorAll('img')].filter((image) => image.naturalWidth > 0).length";
    assert_eq!(browser.value(figures)?, 3);
    assert_eq!(browser.complaints(), [] as [String; 0]);
    Ok(())
}

/// A hundred thousand cells: how long a frame takes, with the graphics card's work done by the processor.
#[test]
fn many_cells_stay_fluent() -> Outcome {
    let Some(program) = find() else { return Ok(()) };
    for graphics in [Graphics::Webgl, Graphics::Canvas] {
        let mut browser = Browser::start(&program, &format!("many-{graphics:?}"), graphics)?;
        let page = save_page(&browser, &Cells::new(100_000)?)?;
        let start = Instant::now();
        browser.open(&page)?;
        eprintln!("{graphics:?}: 100,000 cells opened in {} ms", start.elapsed().as_millis());
        browser.click(".contents a[href='#embedding']")?;
        for (place, name) in [(1, "flat"), (2, "solid")] {
            browser.click(&format!("#embedding-choice label:nth-of-type({place}) span"))?;
            let milliseconds = frame_time(&mut browser)?;
            eprintln!("{graphics:?}: {milliseconds:.1} ms to draw 100,000 cells, {name}");
            assert!(milliseconds < 1000.0, "{graphics:?} {name}: {milliseconds} ms");
        }
        assert_eq!(browser.complaints(), [] as [String; 0]);
    }
    Ok(())
}

/// Milliseconds from the start of a frame until its pixels can be read, the median of 20.
fn frame_time(browser: &mut Browser) -> Outcome<f64> {
    let median = browser.value(
        "(async () => {
          const canvas = document.getElementById('points');
          const gl = canvas.dataset.renderer === 'webgl' ? canvas.getContext('webgl2') : null;
          const times = [];
          for (let frame = 0; frame < 20; frame++) {
            let start;
            // Before the page asks for its own frame, so that this is called first in it.
            requestAnimationFrame(() => (start = performance.now()));
            canvas.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }));
            await new Promise((done) => requestAnimationFrame(() => {
              gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
              times.push(performance.now() - start);
              done();
            }));
          }
          return times.sort((a, b) => a - b)[10];
        })()",
    )?;
    median.as_f64().ok_or_else(|| "no time".into())
}
