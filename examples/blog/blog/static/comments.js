// Adds each new comment to the page as soon as the server sends it.

const list = document.querySelector("#comments");
const source = new EventSource(list.dataset.stream);

source.addEventListener("message", (event) => {
  if (!document.getElementById(`comment-${event.lastEventId}`)) {
    list.insertAdjacentHTML("beforeend", event.data);
  }
});
