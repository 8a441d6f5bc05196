// Runs before anything is painted, and so is no module: sets the theme, and heals a page that came incomplete.
{
  const RELOADS = "chamber-reloads";

  /** What a browser stored; null where it stores nothing. */
  const stored = (storage, name) => {
    try {
      return window[storage].getItem(name);
    } catch {
      return null;
    }
  };

  const theme = stored("localStorage", "chamber-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;

  /** Browsers drop what they are loading when the machine's networks change, as they do when a container starts. */
  addEventListener("error", ({ target }) => {
    const tries = Number(stored("sessionStorage", RELOADS));
    if (!["SCRIPT", "LINK"].includes(target.tagName) || tries >= 5) return;
    try {
      sessionStorage.setItem(RELOADS, String(tries + 1));
    } catch {
      return;
    }
    setTimeout(() => location.reload(), 200 * 2 ** tries);
  }, true);
  addEventListener("chamber-started", () => {
    try {
      sessionStorage.removeItem(RELOADS);
    } catch { /* then nothing was counted */ }
  });
}
