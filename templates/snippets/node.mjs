// Calls __WHAT__ with an ID token: npm install google-auth-library
// Application Default Credentials of a service account: a key, or the metadata server.
import { GoogleAuth } from "google-auth-library";

const client = await new GoogleAuth().getIdTokenClient(__AUDIENCE__);
const answer = await client.request({ url: __ADDRESS__ });
console.log(answer.data);
