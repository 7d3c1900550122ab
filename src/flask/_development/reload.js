// Reloads a page of the development server when code, a template or one of its files has changed.
// Only a visible page is connected: a browser allows few connections to one server.
(() => {
  "use strict";
  const own = new URL(document.currentScript.src);
  const STORED = "flask-reload";
  let version = own.searchParams.get("v");
  let source = null;

  // A page that a cache returns has an old version after each reload. It is reloaded once.
  const isRepeated = (to) => {
    const mark = to.split(".")[0] + " " + location.href;
    try {
      const repeated = sessionStorage.getItem(STORED) === mark;
      sessionStorage.setItem(STORED, mark);
      return repeated;
    } catch {
      return false;
    }
  };

  const reload = () => {
    disconnect();
    location.reload();
  };

  const isFile = (address, path) => {
    try {
      return decodeURIComponent(new URL(address, location.href).pathname).endsWith("/" + path);
    } catch {
      return false;
    }
  };

  // Returns whether all places that use the style sheet could be updated.
  const updateStyles = (path) => {
    const links = [...document.querySelectorAll('link[rel~="stylesheet"][href]')];
    const used = links.filter((link) => isFile(link.href, path));
    if (used.length === 0 || used.some((link) => link.integrity)) {
      return false;
    }
    for (const link of used) {
      const next = link.cloneNode();
      const url = new URL(link.href);
      url.searchParams.set("flask-reload", version);
      next.href = url.href;
      next.addEventListener("load", () => link.remove(), { once: true });
      link.after(next);
    }
    return true;
  };

  const isUsed = (path) =>
    performance.getEntriesByType("resource").some((entry) => isFile(entry.name, path));

  const handle = (message) => {
    version = message.version;
    if (message.isStale) {
      if (!isRepeated(version)) {
        reload();
      }
      return;
    }
    const changed = message.static_files.filter(isUsed);
    const isUpdated = (path) => path.endsWith(".css") && updateStyles(path);
    if (message.templates || changed.filter((path) => !isUpdated(path)).length > 0) {
      reload();
    }
  };

  const connect = () => {
    if (source !== null || document.hidden) {
      return;
    }
    source = new EventSource(own.pathname.replace(/\.js$/, "") + "?v=" + encodeURIComponent(version));
    source.onmessage = (event) => handle(JSON.parse(event.data));
    source.onerror = () => {
      if (source !== null && source.readyState === EventSource.CLOSED) {
        disconnect();
        setTimeout(connect, 500);
      }
    };
  };

  const disconnect = () => {
    if (source !== null) {
      source.close();
      source = null;
    }
  };

  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", connect);
  connect();
})();
