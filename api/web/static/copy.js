// Copying an address, and where the browser forbids it, a field to copy it from.

/** Copies an address, and lets the player say so. */
export async function copyAddress(address, player) {
  player.querySelector(".address")?.remove();
  try {
    await navigator.clipboard.writeText(address);
    player.say("Link copied");
  } catch { // no permission, or a page that is neither on https nor on localhost
    player.bar.after(field(address));
    const input = player.querySelector(".address input");
    input.focus();
    input.select();
    player.say("Copy the link from the field");
  }
}

function field(address) {
  const label = document.createElement("label");
  label.className = "address";
  const input = document.createElement("input");
  Object.assign(input, { readOnly: true, value: address });
  label.append("Link to this moment ", input);
  return label;
}
