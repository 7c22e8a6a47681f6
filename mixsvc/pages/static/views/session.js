// @ts-check
/** Who the person at the page is: the session on the server, or a token of this window where there is none. */

import { randomText } from "../client/client.js";

/** How long the server may take to answer. */
const ANSWER_MS = 10_000;
const TOKEN_KEY = "mixsvc-token";

/**
 * @typedef {{kind: "session", name: string}} InSession  connections opened from now on belong to the person
 * @typedef {{kind: "refused", text: string, suggestion: string}} RefusedAnswer  suggestion: "" where there is none
 * @typedef {{kind: "none"}} NoSession  this host has no sessions, or cannot be asked now
 */

/** The name from an earlier visit; "" where there is none. @param {string} url */
export async function rememberedName(url) {
  const answer = await asked(url, {});
  return String(answer?.status === 200 ? (answer.body.name ?? "") : "");
}

/**
 * Ask for a name.
 * @param {string} url
 * @param {string} name
 * @returns {Promise<InSession | RefusedAnswer | NoSession>}
 */
export async function chooseName(url, name) {
  const headers = { "Content-Type": "application/json" };
  const answer = await asked(url, { method: "POST", headers, body: JSON.stringify({ name }) });
  if (answer?.status === 200 && answer.body.name) {
    return { kind: "session", name: String(answer.body.name) };
  }
  if (answer?.status === 400 || answer?.status === 409) {
    const { detail = "This name will not do.", suggestion = "" } = answer.body;
    return { kind: "refused", text: String(detail), suggestion: String(suggestion) };
  }
  return { kind: "none" };
}

/**
 * Become a moderator.
 * @param {string} url
 * @param {string} name
 * @param {string} password
 * @returns {Promise<InSession | RefusedAnswer>}
 */
export async function logIn(url, name, password) {
  const headers = { "Content-Type": "application/json" };
  const answer = await asked(url, { method: "POST", headers, body: JSON.stringify({ name, password }) });
  if (answer?.status === 200) {
    return { kind: "session", name: String(answer.body["name"]) };
  }
  const text = answer?.body["detail"] ?? "The service cannot be reached now; try again a little later.";
  return { kind: "refused", text: String(text), suggestion: "" };
}

/** End the session on the server. @param {string} url @returns {Promise<string>} what is wrong, or "" */
export async function logOut(url) {
  try {
    const answer = await fetch(url, { method: "DELETE", signal: AbortSignal.timeout(ANSWER_MS) });
    return answer.ok ? "" : String(Object(await answer.json()).detail);
  } catch {
    return "You are still logged in: the service cannot be reached now.";
  }
}

/** What shows, without a session, that connections of this window are of one person; the same after a reload. */
export function windowToken() {
  try {
    const token = sessionStorage.getItem(TOKEN_KEY) ?? randomText();
    sessionStorage.setItem(TOKEN_KEY, token);
    return token;
  } catch {
    // The browser keeps nothing for this site.
    return (fallbackToken ||= randomText());
  }
}

let fallbackToken = "";

/**
 * Status and JSON object of an answer; null where none came.
 * @param {string} url
 * @param {RequestInit} request
 * @returns {Promise<{status: number, body: Record<string, unknown>} | null>}
 */
async function asked(url, request) {
  try {
    const answer = await fetch(url, { ...request, signal: AbortSignal.timeout(ANSWER_MS) });
    return { status: answer.status, body: Object(await answer.json()) };
  } catch {
    return null;
  }
}
