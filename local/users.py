"""The people of local mode: Cognito users made once, who keep their `sub` as long as the state is kept."""

from local.clients import client
from local.description import Pool

USERS = ("demo", "other", "admin")
GROUPS = {"admin": "admins"}
# Known to everybody, and good for nothing outside the loopback interface of this machine.
PASSWORD = "Penstock-local-1"  # noqa: S105


def ensure(pool: Pool) -> None:
    """Makes the users that are missing, confirmed and in their groups."""
    cognito = client("cognito-idp")
    known = {user["Username"] for user in cognito.list_users(UserPoolId=pool.pool_id)["Users"]}
    for user in USERS:
        if _username(pool, user) not in known:
            _make(pool, user)


def token(pool: Pool, user: str) -> str | None:
    """A fresh access token for one of USERS, None for anybody else."""
    if user not in USERS:
        return None
    answer = client("cognito-idp").initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": _username(pool, user), "PASSWORD": PASSWORD},
    )
    return answer["AuthenticationResult"]["AccessToken"]


def _username(pool: Pool, user: str) -> str:
    return f"{user}@localhost" if pool.by_email else user


def _make(pool: Pool, user: str) -> None:
    cognito, username = client("cognito-idp"), _username(pool, user)
    attributes = [{"Name": "email", "Value": f"{user}@localhost"}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(
        UserPoolId=pool.pool_id,
        Username=username,
        UserAttributes=attributes,  # type: ignore[arg-type]
        MessageAction="SUPPRESS",
    )
    cognito.admin_set_user_password(UserPoolId=pool.pool_id, Username=username, Password=PASSWORD, Permanent=True)
    group = GROUPS.get(user)
    if group in {known["GroupName"] for known in cognito.list_groups(UserPoolId=pool.pool_id)["Groups"]}:
        cognito.admin_add_user_to_group(UserPoolId=pool.pool_id, Username=username, GroupName=str(group))
