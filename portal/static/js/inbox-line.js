// A field with data-count="#place" tells its length there; one with data-mirror="selector" shows its words there, as an
// inbox would.
(() => {
  const tell = (field) => {
    const { count, mirror } = field.dataset;
    if (count) document.querySelector(count).textContent = [...field.value].length;
    if (mirror) document.querySelectorAll(mirror).forEach((place) => { place.textContent = field.value; });
  };
  document.addEventListener("input", (event) => tell(event.target));
  // Quick fingers: what was typed before this script was there.
  document.querySelectorAll("[data-count], [data-mirror]").forEach((field) => { if (field.value !== field.defaultValue) tell(field); });
})();
