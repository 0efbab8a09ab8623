// Requests to the daemon. A refusal becomes an Error with the daemon's words.
async function answer(response) {
  if (response.status === 401 && location.pathname !== "/login") location.assign("/login");
  const said = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(said.error || `the daemon answered ${response.status}`);
  return said;
}

export async function get(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return answer(await fetch(`/api/${path}${query ? `?${query}` : ""}`));
}

export async function change(path, body) {
  const headers = { "Content-Type": "application/json", "X-Nuthatch": "1" };
  return answer(await fetch(`/api/${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
}
