"use strict";
// Keeps an open page fresh: an event of the server says when it has become old, then the new one takes its place.
// Events carry no figures. Nobody's half-filled form is replaced, and a hidden tab asks for nothing.
(() => {
  const main = () => document.querySelector("main");
  let tag = null;
  let events = null;
  let waiting = false;
  let looking = false;
  let again = false;

  const busy = () => {
    const field = document.activeElement;
    if (field && field.closest("main form, main textarea") && field.matches("input, select, textarea")) return true;
    return [...document.querySelectorAll("main input[type=checkbox]")].some((box) => box.checked !== box.defaultChecked);
  };

  async function fetched() {
    const answer = await fetch(location.href, {
      cache: "no-store",
      headers: tag ? { "If-None-Match": tag } : {},
      signal: AbortSignal.timeout(8000),
    });
    if (answer.status === 304) return null;
    if (!answer.ok) throw new Error(String(answer.status));
    tag = answer.headers.get("ETag");
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  async function look() {
    if (document.hidden) return;
    waiting = busy();
    again = looking; // one at a time: an older answer never replaces a newer one
    if (waiting || looking) return;
    looking = true;
    try {
      const fresh = await fetched();
      offline(false);
      const next = fresh && fresh.querySelector("main");
      if (!next || next.innerHTML === main().innerHTML) return;
      const said = main().querySelectorAll(".said"); // what the last act came to is said once: it stays until one leaves
      const focus = document.activeElement && document.activeElement.name ? document.activeElement : null;
      main().replaceWith(next);
      next.prepend(...said);
      document.title = fresh.title;
      if (focus) {
        const twin = next.querySelector(`[name="${CSS.escape(focus.name)}"][value="${CSS.escape(focus.value)}"]`);
        if (twin) twin.focus();
      }
      copying();
    } catch {
      offline(true);
    } finally {
      looking = false;
      if (again) look();
    }
  }

  function offline(is) {
    document.querySelector(".offline").hidden = !is;
  }

  function listen() {
    if (events || document.hidden || !("live" in document.body.dataset)) return;
    let seen = document.body.dataset.live; // the version that the page was made from
    events = new EventSource(document.body.dataset.events);
    events.addEventListener("version", (event) => {
      if (event.data !== seen) look();
      seen = event.data;
    });
    events.addEventListener("open", () => offline(false));
    events.addEventListener("error", () => offline(true));
  }

  function copying() {
    for (const button of document.querySelectorAll("[data-copy]")) {
      if (!navigator.clipboard) continue;
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
        button.textContent = button.dataset.done;
      });
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      if (events) events.close();
      events = null;
    } else {
      listen();
      look();
    }
  });
  document.addEventListener("focusout", () => {
    if (waiting) setTimeout(look, 500);
  });
  addEventListener("pagehide", () => events && events.close());
  listen();
  copying();
})();
