// The declared types are those of the client: only `make lint` reads this file.

import type * as declared from "../../mixsvc/pages/static/types/client.d.ts";
import * as written from "../../mixsvc/pages/static/client/client.js";

type Methods = Omit<declared.ChatClient, "on" | "rooms" | "outbox" | "join" | "turnPage" | "retry" | "discard">;

const client = new written.ChatClient({ url: "/chat", token: async () => "" } satisfies declared.Options);

export const methods: Methods = client;
export const room: Promise<declared.Room> = client.join("lobby");
export const rooms: ReadonlyMap<string, declared.Room> = client.rooms;
export const outbox: declared.Outbox = client.outbox;
export const error: declared.ChatError = new written.ChatError("code", "text");
export const secret: ReturnType<typeof declared.randomText> = written.randomText();
