// Why a connection ended, in words, and what becomes of it (README, the table of close codes).

export interface Ending {
  words: string;
  reconnect?: boolean;
  /** The execution has ended, or may have: its end is read instead, and the words are for where there is none. */
  over?: boolean;
  /** The reader may have it tried again. */
  again?: boolean;
}

export const LOST: Ending = { words: "The connection was lost.", reconnect: true };

const UNAUTHORIZED: Ending = { words: "The token is missing or not valid any more. Ask for an address with a token." };
/** One of an earlier time has no connection, but an end. */
const UNKNOWN: Ending = { words: "The server knows no such execution.", over: true };
export const ENDED: Ending = { words: "The execution has ended, and the server gives no more of it.", over: true, again: true };
const CROWDED: Ending = {
  words: "You have as many connections as one client may have. Close another view, then connect again.",
  again: true,
};
const FAULTY: Ending = { words: "The server refused what this page sent. That is a fault of the page.", again: true };

/** By close code; any other is a lost connection. */
export const ENDINGS: Record<number, Ending> = {
  1001: { words: "The server is going down.", reconnect: true },
  1007: FAULTY,
  1008: FAULTY,
  1009: FAULTY,
  4401: UNAUTHORIZED,
  4404: UNKNOWN,
  4408: { words: "Nothing happened for an hour, so the server ended the connection.", again: true },
  4409: ENDED,
  4413: { words: "This page was too slow for what the server sends.", reconnect: true },
  4429: CROWDED,
};

/** By the code of the `error` before the close: a proxy may keep the close code to itself. */
export const REFUSALS: Record<string, Ending> = {
  UNAUTHORIZED,
  INVALID_EXECUTION_ID: UNKNOWN,
  EXECUTION_NOT_ACTIVE: ENDED,
  CONNECTION_LIMIT: CROWDED,
};
