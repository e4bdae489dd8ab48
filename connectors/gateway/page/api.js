/** Questions to the gateway; asks for a token where it wants one. */

const STORED = "continuo-token";
const AGAIN_MS = 1500;

export function token() {
  return sessionStorage.getItem(STORED) ?? "";
}

/** Asks the person for a token; all who need one meanwhile wait for the same answer. */
let asking = null;
function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById("ask");
    dialog.addEventListener("close", () => {
      sessionStorage.setItem(STORED, document.getElementById("token").value.trim());
      asking = null;
      resolve();
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

/** A response; throws an Error whose message is a sentence when it is none of the good ones. */
export async function ask(path, options = {}) {
  for (;;) {
    const headers = { ...options.headers };
    if (token()) headers.Authorization = `Bearer ${token()}`;
    const response = await fetch(path, { ...options, headers });
    if (response.status === 401) {
      await askForToken();
      continue;
    }
    if (!response.ok) {
      const said = await response.json().catch(() => ({}));
      throw new Error(typeof said.detail === "string" ? said.detail : `The gateway answers ${response.status}.`);
    }
    return response;
  }
}

export const askJson = async (path, options) => (await ask(path, options)).json();

/** A path's part; names of works keep their slashes. */
export const part = (name) => name.split("/").map(encodeURIComponent).join("/");

/**
 * Follows a source until `stop` is called; connects again when it was cut off.
 * @param onEvent called with the kind and the event
 * @param onState called with "connecting", "open" or "closed"
 */
export function follow(sourceId, onEvent, onState) {
  const control = new AbortController();
  const run = async () => {
    while (!control.signal.aborted) {
      onState("connecting");
      try {
        const response = await ask(`/api/sources/${part(sourceId)}/events`, { signal: control.signal });
        onState("open");
        for await (const [kind, event] of eventsOf(response.body)) onEvent(kind, event);
      } catch {
        // cut off, or away: tried again
      }
      if (control.signal.aborted) return;
      onState("closed");
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  };
  run();
  return { stop: () => control.abort() };
}

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => {
        const at = line.indexOf(": ");
        return [line.slice(0, at), line.slice(at + 2)];
      }));
      if (fields.data) yield [fields.event, JSON.parse(fields.data)];
    }
  }
}
