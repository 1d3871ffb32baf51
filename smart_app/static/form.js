"use strict";
// Three things the page cannot do without script: a line without a start position,
// leaving out what another answer makes needless, and trying again when our server
// cannot be reached. Answers stay in this page's memory.

document.querySelectorAll("[data-line]").forEach((line) => {
  const range = line.querySelector("input[type=range]");
  const field = line.querySelector("input[type=number]");
  const note = line.querySelector("[data-unanswered]");
  const pending = note.textContent || range.getAttribute("aria-valuetext");
  const show = () => {
    const answered = field.value !== "";
    range.classList.toggle("untouched", !answered);
    note.textContent = answered ? "" : pending;
    if (!answered) {
      range.setAttribute("aria-valuetext", pending);
      return;
    }
    range.value = field.value;
    const middle = (Number(range.min) + Number(range.max)) / 2;
    const nearer = Number(field.value) < middle ? range.dataset.low : range.dataset.high;
    range.setAttribute("aria-valuetext", `${field.value} / ${range.max}, ${nearer}`);
  };
  const put = (value) => {
    field.value = String(Math.min(Number(range.max), Math.max(Number(range.min), value)));
    show();
  };
  range.hidden = false;
  line.querySelectorAll("[data-step], [data-clear]").forEach((each) => { each.hidden = false; });
  range.addEventListener("input", () => put(Number(range.value)));
  // A tap that lands exactly on the middle changes nothing, but it is an answer.
  range.addEventListener("pointerup", () => put(Number(range.value)));
  field.addEventListener("input", show);
  line.querySelectorAll("[data-step]").forEach((button) => {
    button.addEventListener("click", () => {
      const from = field.value === "" ? Number(range.value) : Number(field.value);
      put(from + Number(button.dataset.step));
    });
  });
  line.querySelector("[data-clear]").addEventListener("click", () => { field.value = ""; show(); });
  show();
});

const form = document.getElementById("form");
const notSaved = document.getElementById("not-saved");
// Whom to call must not wait for us: while the answers cannot be read, it is shown.
const crisis = document.querySelector("[data-crisis-unsent]");
let sending = false;
let leaving = false;

// A question that depends on an earlier answer; what was answered in it is kept.
const fit = () => {
  const answers = new FormData(form);
  document.querySelectorAll("[data-only-if]").forEach((item) => {
    const answer = answers.get(item.dataset.onlyIf);
    const answered = item.querySelector("input:checked") !== null;
    item.hidden = !answered && !item.dataset.points.split(" ").includes(answer);
  });
};
form.addEventListener("input", fit);
form.addEventListener("click", fit);
fit();

async function send(wait) {
  const answer = await fetch(form.action, {
    method: "POST",
    body: new URLSearchParams(new FormData(form)),
    credentials: "same-origin",
  }).catch(() => null);
  if (answer === null || answer.status >= 500) {
    notSaved.hidden = false;
    if (crisis) crisis.hidden = false;
    notSaved.scrollIntoView({ block: "nearest" });
    window.setTimeout(() => send(Math.min(wait * 2, 15000)), wait);
    return;
  }
  leaving = true;
  if (answer.redirected) {
    window.location.replace(answer.url);
    return;
  }
  form.submit(); // the same nonce again: the server answers with the same page
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (sending) return;
  sending = true;
  form.querySelector("#send").disabled = true;
  send(2000);
});
// Reloading would empty the form, and answers are kept nowhere else.
window.addEventListener("beforeunload", (event) => {
  const answered = [...new FormData(form)].some(([name, value]) => name.startsWith("answer:") && value !== "");
  if (answered && !leaving) event.preventDefault();
});
window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });

// A tablet left alone shows nobody's answers; nothing is lost, and there is no limit.
const idle = document.getElementById("idle");
const seconds = Number(form.dataset.idle);
if (seconds > 0) {
  let timer = 0;
  const hide = () => { form.hidden = true; idle.hidden = false; };
  const wait = () => { window.clearTimeout(timer); timer = window.setTimeout(hide, seconds * 1000); };
  document.getElementById("go-on").addEventListener("click", () => {
    form.hidden = false;
    idle.hidden = true;
    wait();
  });
  ["pointerdown", "keydown", "scroll"].forEach((each) => document.addEventListener(each, wait, { passive: true }));
  wait();
}
