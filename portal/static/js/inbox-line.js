// A field with data-count="#place" tells its length there; one with data-mirror="selector" shows its words there, as an
// inbox would.
document.addEventListener("input", (event) => {
  const { count, mirror } = event.target.dataset;
  if (count) document.querySelector(count).textContent = [...event.target.value].length;
  if (mirror) document.querySelectorAll(mirror).forEach((place) => { place.textContent = event.target.value; });
});
