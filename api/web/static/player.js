// <moment-player>: plays a moment in place, with all that stands around it.
//
// There is one on a page, and one <video> in it. `open` starts the video at once, from what the
// card knows; what stands around it comes from the server as HTML (/watch/…, as a fragment).

const FRAGMENT = { headers: { "X-Fragment": "1" } };

export class MomentPlayer extends HTMLElement {
  connectedCallback() {
    this.video = this.querySelector("video") ?? this.appendChild(newVideo());
    this.around = this.querySelector(".around") ?? this.appendChild(document.createElement("div"));
    this.around.className = "around";
  }

  /** Plays [start, end) in seconds of a video; `address` is the moment's own. */
  async open({ video, start, end, address }) {
    this.hidden = false;
    this.start = Number(start);
    this.end = end === undefined ? Infinity : Number(end);
    const source = `/videos/${video}/stream`;
    if (this.dataset.video !== video) {
      this.dataset.video = video;
      this.video.src = `${source}#t=${start}`;
    } else {
      this.video.currentTime = this.start;
    }
    this.video.play().catch(() => {}); // a browser may want a click first: its own button is there
    const response = await fetch(address, FRAGMENT);
    this.around.innerHTML = await response.text();
  }

  /** Stops, and lets go of the file. */
  close() {
    this.hidden = true;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    delete this.dataset.video;
  }
}

function newVideo() {
  const video = document.createElement("video");
  video.controls = true;
  video.playsInline = true;
  return video;
}

customElements.define("moment-player", MomentPlayer);
