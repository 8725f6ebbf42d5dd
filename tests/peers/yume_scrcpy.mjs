// Records a phone's screen with the npm package `@yume-chan/scrcpy`, from a port that leads to the server's socket.
//   options             prints the server's options, a line each
//   record PORT SECONDS prints the size, then every packet, as JSON, a line each
import { createRequire } from "node:module";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const require = createRequire(new URL("../../js/package.json", import.meta.url));
const { ScrcpyOptions3_3_3, ScrcpyInstanceId } = await import(pathToFileURL(require.resolve("@yume-chan/scrcpy")));

const options = new ScrcpyOptions3_3_3({
  scid: new ScrcpyInstanceId(0x12345678),
  tunnelForward: true,
  audio: false,
  cleanup: false,
  maxSize: 960,
  maxFps: 15,
});
const [what, port, seconds] = process.argv.slice(2);

const open = async () => {
  for (;;) {
    // adb accepts before the phone does: the first byte tells that it did
    const socket = connect(Number(port), "127.0.0.1");
    const first = await new Promise((resolve) => {
      socket.once("readable", () => resolve(socket.read(1)));
      socket.once("error", () => resolve(null));
    });
    if (first) return socket;
    socket.destroy();
    await sleep(50);
  }
};

const record = async () => {
  const socket = await open();
  const control = connect(Number(port), "127.0.0.1");
  const { stream, metadata } = await options.parseVideoStreamMetadata(Readable.toWeb(socket));
  console.log(JSON.stringify(metadata));
  let first;
  for await (const packet of stream.pipeThrough(options.createMediaStreamTransformer())) {
    const { type, keyframe, pts, data } = packet;
    console.log(JSON.stringify({ type, keyframe, pts: Number(pts ?? 0), data: Buffer.from(data).toString("base64") }));
    first ??= pts;
    if (pts !== undefined && Number(pts - first) >= Number(seconds) * 1e6) break;
  }
  control.destroy();
  socket.destroy();
};

if (what === "options") console.log(options.serialize().join("\n"));
else await record();
