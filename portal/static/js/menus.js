// A menu (<details class="rb-more">) closes when something else is clicked.
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.rb-more[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
