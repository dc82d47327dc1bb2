// Screenshots with few colours, small enough for a repository. Reads and writes PNG (ISO/IEC 15948) with 8 bits a channel.
import { deflateSync, inflateSync } from "node:zlib";

const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);

// Most colours of a picture.
const mostColours = 64;

// Check of a chunk (annex D). Newer versions of Node.js have it as a function.
function computeCheck(bytes) {
  let check = 0xffffffff;
  for (const byte of bytes) {
    check ^= byte;
    for (let bit = 0; bit < 8; bit += 1) check = check & 1 ? (check >>> 1) ^ 0xedb88320 : check >>> 1;
  }
  return (check ^ 0xffffffff) >>> 0;
}

function readChunks(bytes) {
  const chunks = [];
  for (let place = signature.length; place < bytes.length; ) {
    const length = bytes.readUInt32BE(place);
    chunks.push({ type: bytes.toString("latin1", place + 4, place + 8), data: bytes.subarray(place + 8, place + 8 + length) });
    place += length + 12;
  }
  return chunks;
}

function writeChunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(computeCheck(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

function guessByte(left, above, corner) {
  const guess = left + above - corner;
  const distances = [left, above, corner].map((value) => Math.abs(guess - value));
  if (distances[0] <= distances[1] && distances[0] <= distances[2]) return left;
  return distances[1] <= distances[2] ? above : corner;
}

// Takes the filters of the lines away.
function readPixels(header, packed) {
  const { width, height, channels } = header;
  const stride = width * channels;
  const raw = inflateSync(packed);
  const pixels = Buffer.alloc(stride * height);
  for (let row = 0; row < height; row += 1) {
    const filter = raw[row * (stride + 1)];
    for (let at = 0; at < stride; at += 1) {
      const place = row * stride + at;
      const left = at < channels ? 0 : pixels[place - channels];
      const above = row === 0 ? 0 : pixels[place - stride];
      const corner = at < channels || row === 0 ? 0 : pixels[place - stride - channels];
      const added = [0, left, above, (left + above) >> 1, guessByte(left, above, corner)][filter];
      pixels[place] = raw[row * (stride + 1) + 1 + at] + added;
    }
  }
  return pixels;
}

function listColours(pixels, channels) {
  const counts = new Map();
  for (let place = 0; place < pixels.length; place += channels) {
    const colour = pixels.readUIntBE(place, 3);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return [...counts].sort((one, other) => other[1] - one[1]).map(([colour]) => colour);
}

function measureDistance(one, other) {
  const channels = [16, 8, 0];
  return channels.reduce((sum, shift) => sum + (((one >> shift) & 255) - ((other >> shift) & 255)) ** 2, 0);
}

// The picture in its most frequent colours; each other colour becomes the nearest of these.
export function reduceColours(bytes) {
  const chunks = readChunks(bytes);
  const head = chunks.find((chunk) => chunk.type === "IHDR").data;
  const channels = { 2: 3, 6: 4 }[head[9]];
  if (head[8] !== 8 || !channels || head[12] !== 0) throw new Error("the picture is of another kind");
  const header = { width: head.readUInt32BE(0), height: head.readUInt32BE(4), channels };
  const packed = Buffer.concat(chunks.filter((chunk) => chunk.type === "IDAT").map((chunk) => chunk.data));
  const pixels = readPixels(header, packed);
  const colours = listColours(pixels, channels);
  const kept = colours.slice(0, mostColours);
  const places = new Map(kept.map((colour, place) => [colour, place]));
  for (const colour of colours.slice(mostColours)) {
    const nearest = kept.reduce((best, one) => (measureDistance(colour, one) < measureDistance(colour, best) ? one : best));
    places.set(colour, places.get(nearest));
  }
  const lines = Buffer.alloc((header.width + 1) * header.height);
  for (let row = 0; row < header.height; row += 1) {
    for (let at = 0; at < header.width; at += 1) {
      const colour = pixels.readUIntBE((row * header.width + at) * channels, 3);
      lines[row * (header.width + 1) + 1 + at] = places.get(colour);
    }
  }
  const palette = Buffer.concat(kept.map((colour) => Buffer.from([colour >> 16, (colour >> 8) & 255, colour & 255])));
  const start = Buffer.from(head);
  start[9] = 3;
  const parts = [writeChunk("IHDR", start), writeChunk("PLTE", palette), writeChunk("IDAT", deflateSync(lines, { level: 9 })), writeChunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([signature, ...parts]);
}
