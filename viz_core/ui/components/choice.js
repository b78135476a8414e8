// What is chosen, and how to tell Python of another choice: the one thing that every click sends, so it is small. The
// board it belongs to (shared.js) may come with another component, later.

export default function ({ data, parentElement, setTriggerValue }) {
  const tell = (message) => setTriggerValue("choice", message);
  window.attentionNews = [data, tell];
  window.attentionBoard?.hear(data, tell);
  // invisible, so it should not leave the gap between two elements either
  const box = parentElement.closest(".stElementContainer");
  if (box) box.style.position = "absolute";
}
