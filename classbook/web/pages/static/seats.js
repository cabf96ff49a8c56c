// The seat map says what is picked, and the arrow keys walk over the free seats. Everything works without it, too.
"use strict";
(() => {
  const map = document.querySelector("[data-seats]");
  if (!map) return;
  const seats = [...map.querySelectorAll("input.seat")];
  const said = document.querySelector("[data-picked]");
  const decimals = Number(map.dataset.decimals);

  const tell = () => {
    const picked = seats.filter((seat) => seat.checked);
    const cost = picked.reduce((sum, seat) => sum + Number(seat.dataset.price || 0), 0);
    const names = picked.map((seat) => seat.value).join(", ");
    const price = cost ? `, ${(cost / 10 ** decimals).toFixed(decimals)} ${map.dataset.currency} in all` : "";
    said.textContent = picked.length ? `${picked.length} picked: ${names}${price}` : "No seat is picked yet.";
  };

  const places = seats.map((seat) => {
    const box = seat.parentElement;
    return { seat, x: Number(box.getAttribute("x")), y: Number(box.getAttribute("y")) };
  });
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const next = (from, [dx, dy]) => {
    let best = null;
    let least = Infinity;
    for (const place of places) {
      const ahead = (place.x - from.x) * dx + (place.y - from.y) * dy;
      const aside = Math.abs((place.x - from.x) * dy) + Math.abs((place.y - from.y) * dx);
      const far = ahead + 3 * aside;
      if (ahead > 0 && aside <= ahead * 2 && far < least) [best, least] = [place, far];
    }
    return best;
  };

  map.addEventListener("change", tell);
  map.addEventListener("keydown", (event) => {
    const here = places.find((place) => place.seat === event.target);
    const there = here && ways[event.key] && next(here, ways[event.key]);
    if (!there) return;
    event.preventDefault();
    there.seat.focus();
  });
  tell();
})();
