# The app as a container, for Container Apps and Kubernetes: docs/deploy.md says how.
# What may come in is said in .dockerignore: no tests, no local stack.
FROM mcr.microsoft.com/azure-functions/python:4-python3.13

ENV AzureWebJobsScriptRoot=/home/site/wwwroot \
    AzureFunctionsJobHost__Logging__Console__IsEnabled=true \
    FUNCTIONS_WORKER_RUNTIME=python

WORKDIR /home/site/wwwroot
# The packages first: they change less often than the code. The hashes in the file are checked.
COPY requirements.txt ./
RUN python -m pip install --no-cache-dir --disable-pip-version-check --no-input \
    --require-hashes --requirement requirements.txt
COPY . ./
# Compiled now, and not at each cold start.
RUN python -m compileall -q --invalidation-mode unchecked-hash .
