// Sets the theme before anything is painted; that is why this is no module.
{
  let theme = null;
  try {
    theme = localStorage.getItem("chamber-theme");
  } catch { /* a browser that stores nothing goes by the system */ }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
