// The recording in step with the time line: the slider, a bar and an attempt's button all go to a moment.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const reels = JSON.parse($("film-data").textContent);
  const all = reels.flat().map(([at]) => at);
  const drawing = document.querySelector(".timeline svg");
  if (!all.length || !drawing) return;

  const bars = [...document.querySelectorAll(".bar")];
  const [begin, length, left, scale] = ["begin", "seconds", "left", "scale"].map((name) => Number(drawing.dataset[name]));
  const [slider, picture, told, choice, play] = ["moment", "picture", "time", "device", "play"].map((id) => $(`film-${id}`));

  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("class", "cursor");
  drawing.append(line);
  slider.max = length.toFixed(2);
  reels.forEach((reel, index) => (choice.options[index].disabled = !reel.length));
  choice.value = String(reels.findIndex((reel) => reel.length));
  choice.parentElement.hidden = reels.length < 2;

  function show(seconds) {
    const clamped = Math.min(Math.max(seconds, 0), length);
    const reel = reels[Number(choice.value)];
    // The last picture that was there at the moment; before the first one, the first.
    let [low, high] = [0, reel.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (reel[middle][0] <= begin + clamped) low = middle + 1;
      else high = middle;
    }
    picture.src = reel[Math.max(0, low - 1)][1];
    slider.value = String(clamped);
    told.textContent = `${clamped.toFixed(1)} s of ${length.toFixed(1)} s`;
    $("film-step").textContent = bars
      .filter((bar) => Number(bar.dataset.at) <= begin + clamped + 0.001 && begin + clamped <= Number(bar.dataset.end))
      .map((bar) => bar.querySelector("title").textContent)
      .join("; ");
    line.setAttribute("d", `M${(left + clamped * scale).toFixed(1)} 0V${drawing.dataset.bottom}`);
  }

  let playing = null;
  function stop() {
    clearInterval(playing);
    playing = null;
    play.textContent = "Play";
  }
  play.addEventListener("click", () => {
    if (playing !== null) return stop();
    let at = Number(slider.value) >= length ? 0 : Number(slider.value);
    let before = performance.now();
    play.textContent = "Pause";
    playing = setInterval(() => {
      const now = performance.now();
      at += (now - before) / 1000;
      before = now;
      show(at);
      if (at >= length) stop();
    }, 100);
  });
  slider.addEventListener("input", () => {
    stop();
    show(Number(slider.value));
  });
  choice.addEventListener("change", () => show(Number(slider.value)));
  function go(at) {
    stop();
    show(at - begin);
  }
  drawing.classList.add("seekable");
  for (const bar of bars) bar.addEventListener("click", () => go(Number(bar.dataset.at)));
  for (const button of document.querySelectorAll(".go")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      go(Number(button.dataset.at));
      $("film").scrollIntoView({ block: "center" });
    });
  }
  $("film").hidden = false;
  show(0);
})();
