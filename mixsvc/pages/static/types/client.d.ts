/** The types of /chat/client.js, the chat's client for browsers: see docs/how-to/browser-client.md. */

export interface Message {
  number: number;
  name: string;
  /** "" where it was deleted. */
  text: string;
  /** ISO 8601, UTC. */
  time: string;
  /** "action", "topic" or "answer"; an ordinary message has none. */
  kind?: string;
  deleted?: boolean;
  /** Its author has changed the text. */
  edited?: boolean;
  /** When that was last, as `time`; where it is known. */
  edited_at?: string | undefined;
}

export interface Page {
  messages: Message[];
  /** The lowest number that the server keeps, and the highest that there is. */
  first: number;
  last: number;
}

/** What a search has found. */
export interface Found {
  /** Each with its room, the newest first. */
  messages: (Message & { room: string })[];
  /** The words, as texts were compared with them: in small letters, for example. */
  words: string[];
  /** For the next search, which goes on there; missing if everything was searched. */
  before?: Record<string, number>;
}

/** One room as this client knows it. */
export interface Room {
  readonly name: string;
  readonly place: "outside" | "joining" | "inside" | "put out";
  readonly topic: string;
  /** How many persons are inside; `members` has not all of them in a large room. */
  readonly count: number;
  readonly members: ReadonlySet<string>;
  /** At most 500, the oldest first, without a gap. */
  readonly messages: readonly Message[];
  readonly unread: number;
}

/** A text that is not stored yet. */
export interface Line {
  readonly key: string;
  readonly room: string;
  readonly text: string;
  readonly state: "waiting" | "sending" | "failed";
  /** Why it failed. */
  readonly reason: string;
  /** The same for programs, as in ChatError. */
  readonly code: string;
}

export interface Outbox {
  readonly isEmpty: boolean;
  readonly isFull: boolean;
  of(room: string): Line[];
}

export interface Self {
  name: string;
  moderator: boolean;
}

export type Status =
  | { state: "closed" | "connecting" }
  | { state: "online"; transport: string }
  | { state: "offline"; seconds: number; reason: string };

export interface Quote {
  base: string;
  quote: string;
  /** Decimal digits. */
  price: string;
  date: string;
  fetched_at: string;
  source: string;
  stale: boolean;
}

/** A message of the chat protocol. */
export type ProtocolMessage = { type: string } & Record<string, any>;

export interface Events {
  /** Each second while offline, and at each change. */
  status: Status;
  phase: { phase: "nameless" | "away" | "greeting" | "here"; self: Self };
  welcome: { rooms: string[]; epoch: string; self: Self };
  /** A new message; `isLive` is false for those that were said while the connection was away. */
  message: { room: Room; message: Message; isLive: boolean };
  /** Something about the rooms or the outbox. */
  change: ChatClient;
  /** Everything that the server sends, such as `came`, `went`, `presence`, `rates`, `rooms`, `muted`. */
  event: ProtocolMessage;
  /** What changes no room: rates, lists, refusals of requests by `ask`. */
  other: ProtocolMessage;
  /** An open connection has ended. */
  lost: ChatClient;
  nameRefused: { text: string; suggestion: string; code: string };
  roomRefused: { room: string; text: string; suggestion: string; code: string };
  lineRefused: { line: Line; text: string };
  notice: string;
  /** The function `token` has failed, or the server does not take what it brought; it is called again. */
  tokenFailed: unknown;
}

export interface Options {
  /** Where the chat is, such as "/chat" or "https://chat.example/chat"; the default is where this module is. */
  url?: string;
  /** Brings what `mix.tokens.sign` returned, before each connection; nothing means nobody. */
  token?: (() => string | null | Promise<string | null>) | null;
}

/** Why a promise was rejected; its message is a sentence for the person. */
export class ChatError extends Error {
  readonly code: string;
  readonly suggestion: string;
  readonly room: string;
  /** After how many seconds it may be tried again; 0 where that is not said. */
  readonly wait: number;
}

export class ChatClient {
  constructor(options?: Options);
  readonly rooms: ReadonlyMap<string, Room>;
  readonly outbox: Outbox;
  readonly self: Self;
  readonly phase: "nameless" | "away" | "greeting" | "here";
  readonly status: Status;
  /** Returns what ends it. */
  on<Type extends keyof Events>(type: Type, listener: (event: Events[Type]) => void): () => void;
  connect(): void;
  close(): void;
  reconnect(): void;
  drop(): void;
  probe(): void;
  /** secret: 16 to 64 characters at random; connections with the same one are of one person. */
  enter(name?: string, secret?: string): void;
  quit(): void;
  join(room: string): Promise<Room>;
  leave(room: string): void;
  /** Its number once it is stored; null for a command that stores nothing. */
  say(room: string, text: string): Promise<number | null>;
  /** Gives a message of one's own another text: once it is stored. */
  edit(room: string, number: number, text: string): Promise<void>;
  /** Deletes a message of one's own, or a moderator anybody's: once that is stored. */
  remove(room: string, number: number): Promise<void>;
  /** Why a text cannot be said now, in a room; "" where it can. */
  refusal(text: string, room?: string): string;
  /** How many characters a text has too many; 0 before the first `welcome`, which tells how many may be. */
  excess(text: string): number;
  retry(line: Line): void;
  discard(...lines: (Line | undefined)[]): void;
  history(room: string, which?: { before?: number; limit?: number }): Promise<Page>;
  /** Messages that have all words of a text; without a room in all that you are in. */
  search(text: string, where?: { room?: string; before?: Record<string, number>; limit?: number }): Promise<Found>;
  /** For moderators: what a message has said, the oldest text first and the present one last. */
  texts(room: string, number: number): Promise<{ text: string; time: string }[]>;
  turnPage(room: Room, way: "older" | "newer" | "newest"): void;
  subscribe(pairs: string[]): void;
  ask(message: ProtocolMessage): boolean;
}

/** 32 or more characters at random. */
export function randomText(): string;
