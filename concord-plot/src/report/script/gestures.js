// Pointer, wheel, fingers and keys on the picture.

const ZOOM_STEP = 1.3;
const PAN_STEP = 0.12;
const TURN_STEP = 0.12;
/** Radians that a drag over one pixel turns a cloud. */
const TURN_PER_PIXEL = 0.008;

/** Lets the viewer move the camera of a scatter. `onHover` gets the place of a resting mouse, or null. */
function listenToGestures(scatter, onHover) {
  const { canvas } = scatter;
  const fingers = new Map();

  /** A place on the page in units of the camera, from the middle of the canvas. */
  const inUnits = (x, y) => {
    const box = canvas.getBoundingClientRect();
    const scale = scatter.camera.scale(box.width, box.height, scatter.cloud.extent);
    return [(x - box.left - box.width / 2) / scale, (box.top + box.height / 2 - y) / scale];
  };
  const move = (action) => {
    action(scatter.camera);
    onHover(null);
    scatter.redraw();
  };
  const shift = (from, to) => {
    const [fromUnits, toUnits] = [inUnits(...from), inUnits(...to)];
    move((camera) => camera.panBy(toUnits[0] - fromUnits[0], toUnits[1] - fromUnits[1]));
  };
  const middleOf = ([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const distanceOf = ([a, b]) => Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 1);

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  for (const ending of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(ending, (event) => fingers.delete(event.pointerId));
  }
  canvas.addEventListener("pointermove", (event) => {
    const [before, now] = [fingers.get(event.pointerId), [event.clientX, event.clientY]];
    if (!before) {
      const box = canvas.getBoundingClientRect();
      onHover([now[0] - box.left, now[1] - box.top]);
      return;
    }
    const earlier = [...fingers.values()];
    fingers.set(event.pointerId, now);
    if (fingers.size === 2) {
      const later = [...fingers.values()];
      shift(middleOf(earlier), middleOf(later));
      move((camera) => camera.zoomBy(distanceOf(later) / distanceOf(earlier), ...inUnits(...middleOf(later))));
    } else if (scatter.camera.isSolid && !event.shiftKey && event.buttons !== 2) {
      const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
      move((camera) => camera.turnBy(dx * TURN_PER_PIXEL, dy * TURN_PER_PIXEL));
    } else shift(before, now);
  });
  canvas.addEventListener("pointerleave", () => onHover(null));
  // The right button moves a cloud, so it must not open a menu there.
  canvas.addEventListener("contextmenu", (event) => scatter.camera.isSolid && event.preventDefault());
  canvas.addEventListener("dblclick", (event) =>
    move((camera) => camera.zoomBy(2, ...inUnits(event.clientX, event.clientY))),
  );
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      // A wheel counts pixels, lines or pages; a pinch on a touch pad comes as a wheel with Ctrl and small steps.
      const pixels = event.deltaY * [1, 16, 300][event.deltaMode] * (event.ctrlKey ? 5 : 1);
      move((camera) =>
        camera.zoomBy(Math.exp(-clamp(pixels, -240, 240) * 0.0018), ...inUnits(event.clientX, event.clientY)),
      );
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    const action = actionOfKey(event.key, scatter.camera.isSolid && !event.shiftKey);
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(action);
  });
}

function actionOfKey(key, isTurning) {
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  if (arrows[key]) {
    const [x, y] = arrows[key];
    if (isTurning) return (camera) => camera.turnBy(x * TURN_STEP, -y * TURN_STEP);
    // The arrow moves the viewer, so the cells go the other way.
    return (camera) => camera.panBy(-x * PAN_STEP, -y * PAN_STEP);
  }
  if (key === "+" || key === "=") return (camera) => camera.zoomBy(ZOOM_STEP);
  if (key === "-" || key === "_") return (camera) => camera.zoomBy(1 / ZOOM_STEP);
  if (key === "0" || key === "Home") return (camera) => camera.reset(camera.isSolid);
  return null;
}
