// Stills that are not on this server's disk (of another host's video, or lost) are left out: a black
// place says that there is none, and a browser's broken picture says that the page is.

export function start() {
  document.addEventListener("error", (event) => leaveOut(event.target), true); // neither bubbles
  document.addEventListener("load", (event) => event.target.classList.remove("lost"), true);
  for (const image of document.images) {
    if (image.hasAttribute("src") && image.complete && !image.naturalWidth) leaveOut(image);
  }
}

function leaveOut(target) {
  if (target.localName === "img") target.classList.add("lost");
}
