import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Address } from "../src/address";
import { SocketSource, type Standing } from "../src/socket";
import { DEVICE, EXECUTION, NOW } from "./fakes";

const PAGE = `http://server.test/watch/${EXECUTION}?token=s3cret`;

let asked: string[];
let answer: (url: string) => Response | Promise<Response>;
let source: SocketSource;
let standings: Standing[];

beforeEach(() => {
  asked = [];
  standings = [];
  answer = () => new Response(null, { status: 404 });
  vi.stubGlobal("fetch", async (url: string) => (asked.push(url), answer(url)));
  source = new SocketSource(new Address(new URL(PAGE)), (standing) => standings.push(standing));
});

afterEach(() => {
  source.close();
  vi.unstubAllGlobals();
});

test("a moment's picture is asked of the server, with the page's token", async () => {
  const headers = { "Frame-Number": "7", "Frame-Width": "2", "Frame-Height": "3" };
  const [from, until] = [new Date(NOW).toISOString(), new Date(NOW + 50).toISOString()];
  answer = () => new Response(new Uint8Array([1, 2]), { headers: { ...headers, "Frame-From": from, "Frame-Until": until } });
  const found = { device_id: DEVICE, number: 7, width: 2, height: 3, from: NOW, until: NOW + 50, jpeg: new Uint8Array([1, 2]) };
  expect(await source.seek(DEVICE, NOW + 20)).toEqual(found);
  const [url] = asked.map((one) => new URL(one));
  expect(url!.pathname).toBe(`/api/v1/executions/${EXECUTION}/recording/${DEVICE}`);
  expect([...url!.searchParams]).toEqual([
    ["at", new Date(NOW + 20).toISOString()],
    ["token", "s3cret"],
  ]);
  answer = () => new Response(new Uint8Array([1]), { headers: { ...headers, "Frame-From": from } });
  expect(await source.seek(DEVICE, NOW + 20), "the newest: another may follow").toMatchObject({ until: NOW + 20 });
});

test("a moment without a picture is told apart from a server that does not answer", async () => {
  expect(await source.seek(DEVICE, NOW)).toBeNull();
  const headers = { "Frame-Missing": "the%20device%20was%20away" };
  answer = () => new Response(null, { status: 404, headers });
  expect(await source.seek(DEVICE, NOW)).toBe("the device was away");
  answer = () => new Response(null, { status: 500 });
  expect(await source.seek(DEVICE, NOW)).toBeUndefined();
  answer = () => Promise.reject(new TypeError("no network"));
  expect(await source.seek(DEVICE, NOW)).toBeUndefined();
});
