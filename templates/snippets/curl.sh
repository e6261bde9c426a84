# Calls __WHAT__ with an ID token.
# The token is yours, or with --as ACCOUNT that of a service account you may impersonate.
curl --silent --show-error --fail-with-body \
  --header "Authorization: Bearer $(provision token --audience __AUDIENCE__)" \
  __ADDRESS__

# The same with gcloud alone, as its user or as a service account:
#   $(gcloud auth print-identity-token)
#   $(gcloud auth print-identity-token --impersonate-service-account=ACCOUNT --include-email \
#       --audiences=__AUDIENCE__)
