"use strict";
// Asks every few seconds whether the page has changed, and puts the new one in place of the old. An unchanged page
// is a 304. Nothing is sent, nothing is kept open; a hidden tab does not ask.
(() => {
  const EVERY = 4000;
  let tag = null;

  async function look() {
    if (document.hidden) return;
    const offline = document.querySelector(".offline");
    try {
      const answer = await fetch(location.href, {
        cache: "no-store",
        headers: tag ? { "If-None-Match": tag } : {},
        signal: AbortSignal.timeout(EVERY * 2),
      });
      offline.hidden = true;
      if (answer.status === 304) return;
      if (!answer.ok) throw new Error(String(answer.status));
      tag = answer.headers.get("ETag");
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const main = fresh.querySelector("main");
      if (main && main.innerHTML !== document.querySelector("main").innerHTML) {
        document.querySelector("main").replaceWith(main);
        document.title = fresh.title;
      }
    } catch {
      offline.hidden = false;
    }
  }

  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
})();
