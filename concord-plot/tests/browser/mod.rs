//! A headless Chromium, driven over pipes with its debugging protocol: the mouse and keys are real to the page, which
//! need not be changed for it.

pub(crate) mod accessibility;
pub(crate) mod pictures;

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// How long to wait for an answer, and for something to become true.
const PATIENCE: Duration = Duration::from_mins(1);
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The program named by `CONCORD_CHROMIUM`, or else one of the usual names on the path. Says so when there is none.
pub(crate) fn find() -> Option<PathBuf> {
    if let Some(program) = env::var_os("CONCORD_CHROMIUM") {
        return Some(program.into());
    }
    let folders: Vec<PathBuf> = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let mut candidates = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let found = candidates.find(|program| program.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: no Chromium on the path and none named by CONCORD_CHROMIUM: the report was not opened");
    }
    found
}

/// How pages are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Graphics {
    /// WebGL by software, so that every machine has it.
    Webgl,
    /// No WebGL at all.
    Canvas,
}

/// A running browser with one page.
pub(crate) struct Browser {
    process: Child,
    requests: ChildStdin,
    answers: Receiver<Value>,
    session: Option<String>,
    n_requests: u64,
    /// What the browser told unasked: errors, console messages, requests to the network.
    pub(crate) events: Vec<Value>,
    /// Its profile and what it saves.
    pub(crate) folder: PathBuf,
}

impl Browser {
    pub(crate) fn start(program: &Path, name: &str, graphics: Graphics) -> Outcome<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("browser-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let flags: &[&str] = match graphics {
            Graphics::Webgl => &["--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
            Graphics::Canvas => &["--disable-gpu", "--disable-3d-apis"],
        };
        // The browser reads requests from descriptor 3 and answers on 4. The sandbox does not start for root.
        let mut process = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"])
            .arg(program)
            .args(["--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", folder.display()))
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let requests = process.stdin.take().ok_or("no pipe to the browser")?;
        let answers = listen(BufReader::new(process.stdout.take().ok_or("no pipe from the browser")?));
        let mut browser = Self { process, requests, answers, session: None, n_requests: 0, events: Vec::new(), folder };
        let target = browser.send("Target.createTarget", &json!({"url": "about:blank"}))?;
        let attached = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.send("Target.attachToTarget", &attached)?["sessionId"].as_str().map(str::to_owned);
        browser.session = session;
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.send(&format!("{domain}.enable"), &json!({}))?;
        }
        browser.resize(1280, 900)?;
        Ok(browser)
    }

    /// Sends a request and waits for its result; events that come before are kept.
    pub(crate) fn send(&mut self, method: &str, parameters: &Value) -> Outcome<Value> {
        self.n_requests += 1;
        let mut request = json!({"id": self.n_requests, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            request["sessionId"] = json!(session);
        }
        self.requests.write_all(format!("{request}\0").as_bytes())?;
        loop {
            let mut answer = self.answers.recv_timeout(PATIENCE).map_err(|error| format!("{method}: {error}"))?;
            if answer["id"] != self.n_requests {
                self.events.push(answer);
            } else if answer["error"].is_null() {
                return Ok(answer["result"].take());
            } else {
                return Err(format!("{method}: {}", answer["error"]).into());
            }
        }
    }

    /// Opens a file and waits until its program has run.
    pub(crate) fn open(&mut self, path: &Path) -> Outcome {
        self.send("Page.navigate", &json!({"url": format!("file://{}", path.display())}))?;
        self.wait_for("document.documentElement?.classList.contains('one-page') && document.readyState === 'complete'")
    }

    /// The value of a JavaScript expression, awaited when it is a promise.
    pub(crate) fn value(&mut self, expression: &str) -> Outcome<Value> {
        let parameters = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.send("Runtime.evaluate", &parameters)?;
        if !answer["exceptionDetails"].is_null() {
            return Err(format!("{expression}: {}", answer["exceptionDetails"]).into());
        }
        Ok(answer["result"]["value"].take())
    }

    pub(crate) fn text(&mut self, expression: &str) -> Outcome<String> {
        let value = self.value(expression)?;
        Ok(value.as_str().ok_or_else(|| format!("{expression} gave {value}"))?.to_owned())
    }

    pub(crate) fn wait_for(&mut self, condition: &str) -> Outcome {
        let start = Instant::now();
        while self.value(condition)? != json!(true) {
            if start.elapsed() > PATIENCE / 4 {
                return Err(format!("this did not become true: {condition}").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Waits until what was asked for has been drawn.
    pub(crate) fn settle(&mut self) -> Outcome {
        let frames = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
        self.value(frames).map(drop)
    }

    pub(crate) fn resize(&mut self, width: u32, height: u32) -> Outcome {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.send("Emulation.setDeviceMetricsOverride", &size).map(drop)
    }

    pub(crate) fn mouse(&mut self, kind: &str, x: f64, y: f64, more: &Value) -> Outcome {
        let mut event = json!({"type": kind, "x": x, "y": y});
        for (name, value) in more.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        self.send("Input.dispatchMouseEvent", &event).map(drop)
    }

    /// The middle of the first element that a selector finds, scrolled into view.
    pub(crate) fn middle_of(&mut self, selector: &str) -> Outcome<(f64, f64)> {
        let place = self.value(&format!(
            "(() => {{ const node = document.querySelector({}); node.scrollIntoView({{block: 'center'}}); \
             const box = node.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()",
            json!(selector)
        ))?;
        match (place[0].as_f64(), place[1].as_f64()) {
            (Some(x), Some(y)) => Ok((x, y)),
            _ => Err(format!("{selector} is nowhere").into()),
        }
    }

    pub(crate) fn click(&mut self, selector: &str) -> Outcome {
        let (x, y) = self.middle_of(selector)?;
        let left = || json!({"button": "left", "buttons": 1, "clickCount": 1});
        self.mouse("mousePressed", x, y, &left())?;
        self.mouse("mouseReleased", x, y, &left())?;
        self.settle()
    }

    pub(crate) fn drag(&mut self, from: (f64, f64), to: (f64, f64)) -> Outcome {
        let held = || json!({"button": "left", "buttons": 1});
        self.mouse("mousePressed", from.0, from.1, &held())?;
        self.mouse("mouseMoved", to.0, to.1, &held())?;
        self.mouse("mouseReleased", to.0, to.1, &json!({"button": "left"}))?;
        self.settle()
    }

    /// Presses a key: its name in the DOM, and the number of old.
    pub(crate) fn key(&mut self, key: &str, number: u32) -> Outcome {
        let text = match key {
            "Enter" => "\r",
            key if key.chars().count() == 1 => key,
            _ => "",
        };
        let kind = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        let code = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": number, "text": text});
        self.send("Input.dispatchKeyEvent", &code)?;
        let release = json!({"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": number});
        self.send("Input.dispatchKeyEvent", &release)?;
        self.settle()
    }

    pub(crate) fn write(&mut self, text: &str) -> Outcome {
        self.send("Input.insertText", &json!({"text": text}))?;
        self.settle()
    }

    /// What is seen of an element (or of the whole window) as PNG.
    pub(crate) fn picture(&mut self, selector: Option<&str>) -> Outcome<Vec<u8>> {
        self.settle()?;
        let mut parameters = json!({"format": "png"});
        if let Some(selector) = selector {
            self.middle_of(selector)?;
            let mut clip = self.value(&format!(
                "(({{x, y, width, height}}) => ({{x: x + scrollX, y: y + scrollY, width, height}}))\
                 (document.querySelector({}).getBoundingClientRect())",
                json!(selector)
            ))?;
            clip["scale"] = json!(1);
            parameters["clip"] = clip;
        }
        let answer = self.send("Page.captureScreenshot", &parameters)?;
        Ok(STANDARD.decode(answer["data"].as_str().unwrap_or_default())?)
    }

    /// Errors of any kind, and requests to anything but the file itself and what it carries.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let harmless = ["file://", "data:", "blob:", "about:"];
        let is_complaint = |event: &&Value| match event["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded" => true,
            "Network.requestWillBeSent" => {
                let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
                !harmless.iter().any(|start| url.starts_with(start))
            }
            _ => false,
        };
        self.events.iter().filter(is_complaint).map(ToString::to_string).collect()
    }
}

/// Passes on the messages of the browser, which end with a zero byte each.
fn listen(mut pipe: impl BufRead + Send + 'static) -> Receiver<Value> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        while pipe.read_until(0, &mut bytes).is_ok_and(|length| length > 0) {
            let message = serde_json::from_slice(bytes.strip_suffix(&[0]).unwrap_or(&bytes));
            if message.is_ok_and(|message| sender.send(message).is_err()) {
                break;
            }
            bytes.clear();
        }
    });
    receiver
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked to close it ends its helpers too; one that does not listen is killed.
        let _ = self.send("Browser.close", &json!({}));
        let deadline = Instant::now() + Duration::from_secs(5);
        while self.process.try_wait().is_ok_and(|status| status.is_none()) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
