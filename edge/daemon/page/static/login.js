import { change } from "./ask.js";
import { byId } from "./element.js";

byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await change("login", { token: byId("token").value });
    location.replace("/");
  } catch (error) {
    byId("trouble").textContent = error.message;
    byId("trouble").hidden = false;
    byId("token").select();
  }
});
