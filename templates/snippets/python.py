"""Calls __WHAT__ with an ID token: pip install provision."""

from provision.invoke import Invoker

service = Invoker(__INVOKER__)
print(service.get(__PATH__).text)


def with_google_auth_alone() -> str:
    """The same with nothing but Google's library: pip install "google-auth[requests]".

    It takes a service account's key or the metadata server, and no user's login.
    """
    import requests
    from google.auth.transport.requests import Request
    from google.oauth2.id_token import fetch_id_token

    token = fetch_id_token(Request(), __AUDIENCE__)
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(__ADDRESS__, headers=headers, timeout=60)
    answer.raise_for_status()
    return answer.text
