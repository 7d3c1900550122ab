"use strict";

(() => {
  const main = document.getElementById("swagger-ui");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const followSystem = () => {
    document.documentElement.classList.toggle("dark-mode", dark.matches);
  };
  followSystem();
  dark.addEventListener("change", followSystem);

  window.SwaggerUIBundle({
    domNode: main,
    url: main.dataset.document,
    oauth2RedirectUrl: new URL(main.dataset.redirect, window.location.href).href,
    validatorUrl: null,
    deepLinking: true,
    layout: "BaseLayout",
    presets: [window.SwaggerUIBundle.presets.apis],
  });
})();
