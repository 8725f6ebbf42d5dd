// Follows an execution with the npm package `ws`; prints what it was told as JSON.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../js/package.json", import.meta.url));
const { WebSocket } = require("ws");

const socket = new WebSocket(process.argv[2]);
const say = (message) => socket.send(JSON.stringify(message));
const messages = [];
let frames = 0;

socket.on("message", (data, binary) => {
  if (binary) throw new Error("a binary message");
  const message = JSON.parse(data);
  messages.push(message);
  if (message.type === "execution_state") {
    const { device_id } = message.devices[0];
    say({ type: "subscribe_device", device_id });
    say({ type: "start_preview", device_id, quality: "low" });
  } else if (message.type === "preview_frame" && ++frames === 3) {
    say({ type: "stop_preview", device_id: message.device_id });
  }
});
socket.on("close", (code) => console.log(JSON.stringify({ messages, code })));
