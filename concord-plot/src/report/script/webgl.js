// Cells drawn by the graphics card.

const VERTEX_SHADER = `#version 300 es
in vec3 position;
in vec4 colour;
uniform mat4 matrix;
uniform float size;
uniform float haze;
uniform vec3 paper;
out vec3 paint;
out float diameter;
void main() {
  gl_Position = matrix * vec4(position, 1.0);
  diameter = size / gl_Position.w;
  // One pixel of margin for the soft edge.
  gl_PointSize = diameter + 1.0;
  paint = mix(colour.rgb, paper, clamp(haze * (gl_Position.w - 0.9), 0.0, 0.75));
}`;

const FRAGMENT_SHADER = `#version 300 es
precision mediump float;
in vec3 paint;
in float diameter;
out vec4 result;
void main() {
  float fromMiddle = length(gl_PointCoord - 0.5) * (diameter + 1.0);
  float cover = clamp(diameter * 0.5 + 0.5 - fromMiddle, 0.0, 1.0);
  if (cover == 0.0) discard;
  result = vec4(paint, cover * min(diameter, 1.0));
}`;

/** Draws points with WebGL 2. */
class WebglPoints {
  /**
   * Null where the browser has no WebGL 2, or only pretends to have a graphics card: what it does in the card's place
   * was measured to take three times as long as `PixelPoints`.
   */
  static create(canvas) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, failIfMajorPerformanceCaveat: true });
    return gl ? new WebglPoints(gl) : null;
  }

  constructor(gl) {
    this.gl = gl;
    this.program = linkProgram(gl);
    gl.useProgram(this.program);
    this.uniforms = Object.fromEntries(
      ["matrix", "size", "haze", "paper"].map((name) => [name, gl.getUniformLocation(this.program, name)]),
    );
    this.positions = this.attribute("position", 3, gl.FLOAT, false);
    this.colours = this.attribute("colour", 4, gl.UNSIGNED_BYTE, true);
    this.order = gl.createBuffer();
    this.nPoints = 0;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    gl.disable(gl.DEPTH_TEST);
  }

  attribute(name, size, type, isNormalised) {
    const { gl } = this;
    const buffer = gl.createBuffer();
    const location = gl.getAttribLocation(this.program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, size, type, isNormalised, 0, 0);
    return buffer;
  }

  setPositions(points) {
    this.upload(this.gl.ARRAY_BUFFER, this.positions, points);
  }

  setColours(rgba) {
    this.upload(this.gl.ARRAY_BUFFER, this.colours, rgba);
  }

  setOrder(order) {
    this.nPoints = order.length;
    this.upload(this.gl.ELEMENT_ARRAY_BUFFER, this.order, order);
  }

  upload(target, buffer, values) {
    this.gl.bindBuffer(target, buffer);
    this.gl.bufferData(target, values, this.gl.DYNAMIC_DRAW);
  }

  draw({ matrix, diameter, haze, paper }) {
    const { gl } = this;
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    const background = paper.map((value) => value / 255);
    gl.clearColor(...background, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniformMatrix4fv(this.uniforms.matrix, false, matrix);
    gl.uniform1f(this.uniforms.size, diameter);
    gl.uniform1f(this.uniforms.haze, haze);
    gl.uniform3f(this.uniforms.paper, ...background);
    gl.drawElements(gl.POINTS, this.nPoints, gl.UNSIGNED_INT, 0);
  }
}

function linkProgram(gl) {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX_SHADER],
    [gl.FRAGMENT_SHADER, FRAGMENT_SHADER],
  ]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`The program for the graphics card was refused: ${gl.getProgramInfoLog(program)}`);
  }
  return program;
}
