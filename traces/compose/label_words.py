"""The words of form builders and of many languages by which `traces.compose.labels` knows a field. Pure.

Phrases stand between commas, as people write them: accents, letter case and the words of `FILLERS` do not count. The
languages are English, Russian, Ukrainian, German, Spanish, Portuguese, French, Italian, Polish and Turkish; of Dutch,
Czech, Romanian, Indonesian, Vietnamese, Kazakh, Chinese, Japanese, Korean, Arabic and Hebrew the usual labels.
"""

from __future__ import annotations

from collections.abc import Mapping

# What a phrase means: names of `traces.compose.visitor.Visitor`, and these. `name` may be a whole name, `full_name` is
# one, `last_first` begins with the family's; `contact` may be a telephone number or an e-mail address. A question mark
# says that the value must look like it, and that no other field may be it.
MEANINGS: Mapping[str, str] = {
    "name": """
        name, names, real name, yourname, client name, customer name, subscriber name, visitor name, imya, imja,
        имя, имя клиента, как вас зовут, как тебя зовут, как к вам обращаться, как вас называть, как обращаться,
        представьтесь, имя отчество, имя и отчество, ваше имя имя, введите имя,
        ім'я, ваше ім'я, як вас звати, як до вас звертатися, як звертатися,
        wie heißen sie, wie heißt du, kundenname, ihr name,
        nombre, cómo te llamas, cómo se llama, nombre del cliente,
        nome, como se chama, como você se chama, nome do cliente, come ti chiami, come si chiama, nome cliente,
        nom, comment vous appelez-vous, comment tu t'appelles,
        jak masz na imię, jak się nazywasz, jak się pan nazywa,
        adı, adınız, adınız nedir, isim, ismi, isminiz, müşteri adı,
        naam, uw naam, jméno, vaše jméno, nume, numele, nume client, nama, nama anda, tên, tên của bạn,
        аты, атыңыз, есіміңіз, 称呼, 您的称呼, 名字, 聯絡人, 联系人, 联系人姓名, 稱呼,
        ご担当者名, 担当者名, الاسم, اسمك, اسم العميل, שם, שמך, השם שלך
    """,
    "first_name": """
        first name, fname, given name, forename, first, christian name, vorname, rufname, prénom, prenoms, imię,
        imiona,
        nombre de pila, primer nombre, nombres, primeiro nome, nome próprio, primo nome, nome di battesimo, ilk ad,
        voornaam, křestní jméno, prenume, prenumele, nama depan, 名, الاسم الأول, שם פרטי
    """,
    "last_name": """
        last name, lname, surname, family name, last, familiya, familia, familija, фамилия, прізвище,
        nachname, familienname, zuname, apellido, apellidos, primer apellido, sobrenome, apelido, último nome,
        nom de famille, nom famille, cognome, nazwisko, soyad, soyadı, soyadınız, soyisim, soy isim,
        achternaam, familienaam, příjmení, nume de familie, nama belakang, тегі, 姓, 苗字, اسم العائلة, اللقب,
        الاسم الأخير, שם משפחה
    """,
    "second_name": """
        second name, middle name, middle, additional name, patronymic, otchestvo, отчество, по батькові,
        zweiter vorname, segundo nombre, segundo nome, deuxième prénom, secondo nome, drugie imię, ikinci ad
    """,
    "full_name": """
        full name, fullname, whole name, complete name, name surname, name and surname, first and last name,
        first name last name, contact person, person to contact, kontaktnoe litso,
        имя и фамилия, имя фамилия, полное имя, контактное лицо, ім'я та прізвище, повне ім'я, контактна особа,
        vor- und nachname, vorname nachname, vorname und name, vollständiger name, ansprechpartner, kontaktperson,
        nombre completo, nombre y apellidos, nombre y apellido, persona de contacto,
        nome completo, nome e sobrenome, pessoa de contato, nom complet, prénom et nom, personne à contacter,
        nome e cognome, nominativo, persona di contatto, referente, imię i nazwisko, osoba kontaktowa,
        ad soyad, adı soyadı, adınız soyadınız, isim soyisim, isminiz soyisminiz, yetkili kişi,
        volledige naam, celé jméno, jméno a příjmení, nume și prenume, nume complet, nama lengkap, аты-жөні,
        аты-жөніңіз, الاسم الكامل, الاسم بالكامل, الاسم الثلاثي, שם מלא
    """,
    "last_first": """
        fio, фио, ф.и.о., фамилия имя отчество, фамилия и имя, фамилия имя, last name first name, surname name,
        піб, п.і.б., прізвище ім'я по батькові, прізвище та ім'я, прізвище ім'я, name vorname, nachname vorname,
        apellidos y nombre, apellido y nombre, nom et prénom, nom prénom, nom et prénoms, cognome e nome,
        nazwisko i imię,
        họ và tên, họ tên, 姓名, 您的姓名, 名前, お名前, 氏名, ご氏名, 이름, 성함
    """,
    "name?": """
        user name, login name, display name, profile name, nickname, nick, from name, field name, ad,
        имя пользователя,
        client, customer, visitor, клиент, покупатель, заказчик, клієнт, замовник, kunde, cliente
    """,
    "phone": """
        phone, phones, telephone, tel, mobile, cell, mobile phone, cell phone, phone number, phone numbers, phone no,
        telephone number, tel number, contact number, mobile number, mobile no, cell number, tel national,
        telnational,
        call me at, phonemobile, mob, telefon, telefony, nomer telefona,
        телефон, телефоны, телефона, телефону, телефоне, тел, номер телефона, вашtелефон, мобильный, мобильник,
        сотовый,
        номер мобильного, номер сотового, контактный номер, мобильный номер, моб,
        телефони, номер телефону, мобільний, мобільний номер,
        telefonnummer, telefon nummer, telefonnumer, handy, handynummer, mobilnummer, mobiltelefon, mobilfunknummer,
        rufnummer, rückrufnummer, festnetz, festnetznummer, mobil,
        teléfono, teléfonos, número de teléfono, móvil, celular, número de celular, número de móvil, tlf,
        telefone, telefones, número de telefone, telemóvel,
        téléphone, téléphones, numéro de téléphone, n° de téléphone, portable, numéro de portable, tél,
        telefono, telefoni, numero di telefono, cellulare, numero di cellulare, recapito telefonico,
        telefonu, numer telefonu, nr telefonu, nr tel, komórka, telefon komórkowy, numer komórki,
        telefon numarası, telefon numaranız, telefonunuz, cep telefonu, cep telefonunuz, cep, cep numarası, gsm,
        telefoon, telefoonnummer, mobiel, mobiel nummer, mobiele nummer, gsm-nummer, telefonní číslo, mobilní telefon,
        nr de telefon, număr de telefon, numărul de telefon, nomor telepon, nomor hp, no hp, telepon, số điện thoại,
        điện thoại, телефон нөмірі, телефон нөміріңіз, 电话, 電話, 电话号码, 電話號碼, 联系电话, 聯絡電話, 手机, 手機,
        手机号, 手机号码, 手機號碼, 您的电话, 電話番号, お電話番号, お電話, 携帯電話, 携帯番号, 携帯電話番号,
        ご連絡先電話番号,
        전화번호, 연락처, 휴대폰, رقم الهاتف, الهاتف, رقم الجوال, الجوال, رقم الموبايل, الموبايل, هاتف, جوال,
        رقم التواصل,
        طلفون, טלפון, מספר טלפון, טלפון נייד, נייד
    """,
    "phone?": "номер, nomer, numer, nummer, number, numero, numéro, numara, numaranız",
    "messenger": """
        whatsapp, whatsapp number, whatsapp phone, telegram, viber, signal, wechat, messenger, wa id, waid,
        вотсап, ватсап, воцап, вацап, вайбер, телеграм, телеграмм, тг, мессенджер, месенджер, номер whatsapp,
        微信, 微信号, wechat id, واتساب, رقم الواتساب, וואטסאפ, ווטסאפ
    """,
    "email": """
        email, emails, mail, email address, email addresses, email adresi, mail address, mail adresi, reply to,
        replyto,
        pochta, elektronnaya pochta, emejl,
        почта, почты, электронная почта, электронный адрес, адрес электронной почты, э-почта, элпочта, эмейл, имейл,
        емейл, мейл, майл, пошта, пошти, електронна пошта, електронна адреса, імейл,
        e-mail-adresse, mailadresse, emailadresse, elektronische adresse,
        correo, correo electrónico, dirección de correo, dirección de correo electrónico, dirección de email,
        endereço de email, correio eletrônico, correio electrónico, courriel, adresse email, adresse mail,
        adresse électronique, adresse courriel, indirizzo email, indirizzo mail, posta elettronica, posta,
        adres email, adres e-mail, adres mailowy, poczta, poczta elektroniczna,
        e-posta, e-posta adresi, e-postanız, e-posta adresiniz, mailiniz, mail adresiniz, elektronik posta,
        e-mailadres, mailadres, adres email, e-mailová adresa, adresa de e-mail, adresă de email, alamat email,
        địa chỉ email, 邮箱, 郵箱, 电子邮箱, 電子郵箱, 电子邮件, 電子郵件, 邮箱地址, 邮件, メールアドレス,
        メール, e メール,
        이메일, البريد الإلكتروني, البريد, الإيميل, بريد إلكتروني, ايميل, אימייל, דואר אלקטרוני, דוא"ל, מייל
    """,
    "contact": """
        contact, contacts, contact info, contact information, contact details, email or phone, phone or email,
        контакт, контакты, контактные данные, как с вами связаться, телефон или email, телефон или почта,
        контакти, контактні дані, kontakt, kontaktdaten, contacto, datos de contacto, contato, contatto, contatti,
        recapito, coordonnées, dane kontaktowe, iletişim, iletişim bilgileri,
        contactgegevens, 联系方式, 聯絡方式, 連絡先, ご連絡先, طريقة التواصل, פרטי קשר
    """,
    "company": """
        company, company name, company title, name of company, organization, organisation, organization name,
        organisation name, business name, firm, employer, legal name, kompaniya, organizatsiya, firma,
        компания, название компании, наименование компании, имя компании, организация, название организации,
        наименование организации, фирма, название фирмы, юрлицо, юридическое лицо,
        компанія, назва компанії, організація, назва організації, підприємство, фірма,
        firmenname, name der firma, unternehmen, unternehmensname, name des unternehmens, betrieb,
        empresa, nombre de la empresa, compañía, razón social, nome da empresa, razão social, companhia,
        entreprise, nom de l'entreprise, société, nom de la société, raison sociale, nom entreprise,
        azienda, nome azienda, nome dell'azienda, società, ragione sociale, ditta, impresa,
        nazwa firmy, przedsiębiorstwo, nazwa przedsiębiorstwa, şirket, şirket adı, firma adı, şirketiniz, kurum,
        bedrijf, bedrijfsnaam, naam bedrijf, naam organisatie, organisatie, společnost, název firmy,
        název společnosti,
        compania, companie, nume companie, nume firmă, perusahaan, nama perusahaan, công ty, tên công ty, компанияңыз,
        公司, 公司名称, 公司名稱, 单位, 单位名称, 企业名称, 会社名, 御社名, 貴社名, 会社, 회사, 회사명,
        الشركة, اسم الشركة, المؤسسة, חברה, שם החברה, שם חברה
    """,
    "position": """
        position, post, job title, job, organization title, role, occupation, dolzhnost, должность, посада,
        funktion, berufsbezeichnung, cargo, puesto, puesto de trabajo, poste, fonction, ruolo, mansione, posizione,
        stanowisko, pozisyon, unvan, ünvan, göreviniz, görev,
        functie, pozice, funcția, jabatan, chức vụ, 职位, 職位, 役職, 직책, المسمى الوظيفي, תפקיד
    """,
    "web": """
        website, web site, site, web, url, homepage, home page, www, site url, website url, website address,
        сайт, вебсайт, веб-сайт, адрес сайта, ссылка на сайт, адреса сайту, посилання на сайт,
        webseite, internetseite, sitio web, página web, site web, site internet, sito, sito web, sito internet,
        strona www, strona internetowa, adres strony, web sitesi, web siteniz
    """,
    "comments": """
        comments, comment, message, messages, msg, textarea, text, question, questions, subject, description, note,
        notes, remark, remarks, enquiry, inquiry, feedback, details, message text, additional information,
        soobschenie, soobshchenie, kommentariy, kommentarij, vopros, tema,
        сообщение, комментарий, комментарии, комментарий к заказу, вопрос, вопросы, текст, тема, примечание,
        примечания, пожелания, описание, текст сообщения, тема сообщения, дополнительная информация,
        повідомлення, коментар, коментарі, питання, запитання, текст повідомлення, примітка,
        nachricht, mitteilung, anliegen, bemerkung, bemerkungen, kommentar, anmerkung, anmerkungen, frage, betreff,
        mensaje, comentario, comentarios, consulta, asunto, pregunta, observaciones,
        mensagem, comentário, comentários, pergunta, assunto, observações,
        commentaire, commentaires, demande, objet, remarque, remarques, sujet,
        messaggio, commento, commenti, richiesta, domanda, oggetto, testo,
        wiadomość, komentarz, pytanie, temat, treść, treść wiadomości, uwagi, zapytanie,
        mesaj, mesajınız, yorum, yorumunuz, açıklama, soru, sorunuz, konu,
        bericht, uw bericht, opmerking, opmerkingen, vraag, toelichting, zpráva, poznámka, dotaz, mesajul, pesan,
        lời nhắn, nội dung, tin nhắn, хабарлама, хабарламаңыз, пікір, 留言, 留言内容, 备注, 備註, 消息, 需求,
        咨询内容, 内容,
        お問い合わせ内容, お問合せ内容, メッセージ, ご質問, ご要望, 備考, 메시지, 문의내용, الرسالة, رسالتك,
        ملاحظات, التعليق,
        الموضوع, הודעה, תוכן ההודעה, הערות, הודעתך
    """,
    "goods": "goods",
}

# Possessives, articles, requests, and what form builders write around a name.
FILLERS = """
    your my our the an of to for is what whats which please enter in here and or no label optional required
    fields input inputs data value values submitted response attr attributes merges answers params properties property
    wpforms tilda cf uf crm mf ff nf pb et sp hs wp frm ninja jform hsform webform mauticform contactform
    confirm confirmation repeat again verify main primary personal private preferred valid
    ваш ваша ваше ваши вашу вашего вашей мой моя мое мои свой свою свое твой твоя твое для или на по как укажите введите
    полностью
    напишите оставьте пожалуйста связи обратной какой какое какая обязательно необязательно обязательное поле
    ваші твій твоє або та як введіть вкажіть напишіть залиште будь ласка зв'язку який яке яка обов'язково
    ihr ihre ihren ihrem dein deine mein meine der die das des dem den und oder für von zum zur bitte eingeben sie wie
    tu su sus mi el la los las de del para por favor ingrese ingresa introduzca introduce escriba escribe cual que
    seu sua seus suas teu tua meu minha os as do da dos digite insira informe qual você
    votre vos ton ta mon ma le les du et ou pour entrez saisissez indiquez quel quelle est
    tuo suo vostro vostra mio mia il lo gli di della dei dell per inserisci scrivi ed
    twój twoja twoje mój moja pana pani państwa podaj wpisz wprowadź proszę na oraz lub jest jaki jakie się
    lütfen girin giriniz yazın yazınız için ve veya bir nedir
    uw je jouw vul vaše váš zadejte ваш сіздің anda của bạn 必填 必須 任意 选填 選填 您的 你的 请输入 請輸入 مطلوب שלך
"""

# Whose name, or how somebody is reached.
WHO = """
    contact contacts customer client clients user visitor guest buyer purchaser payer sender applicant subscriber person
    parent lead patient student participant attendee member candidate respondent profile billing shipping
    delivery mobile work
    контактный контактная контактное контактные клиента покупателя заказчика пользователя отправителя получателя
    посетителя гостя участника плательщика родителя контактного лица рабочий рабочая личный личная
    основной основная удобный мобильный
    контактний контактні клієнта замовника покупця
    kunde kunden kontakt besteller absender cliente contacto contato contatto persona pessoa personne
    klient klienta kontaktowy kontaktowe müşteri iletişim
"""

# Under what the parts of a name stand: `names[first]`.
NAMES = "name names full fullname"

# What a name may stand under, where it is not the visitor's: the name of a form is none.
STRUCTURES = "form forms field order prop text txt preview extra additional question answer item meta entry column fld"

# Somebody else's telephone number or address: the site's own.
OTHERS = """
    admin administrator webmaster manager site shop store support seller vendor owner display bcc cc friend
    менеджера администратора магазина друга
    organizer organiser host assignee operator
"""

# Words in two pieces, and pairs that say nothing.
JOINED: Mapping[tuple[str, str], str] = {
    ("e", "mail"): "email",
    ("e", "mails"): "emails",
    ("e", "posta"): "eposta",
    ("e", "postanız"): "epostanız",
    ("э", "почта"): "эпочта",
    ("ф", "и"): "фи",
    ("фи", "о"): "фио",
    ("п", "і"): "пі",
    ("пі", "б"): "піб",
    ("whats", "app"): "whatsapp",
    ("form", "fields"): "fields",
}

# A field with such a word is a visitor's consent, where it is nothing else.
CONSENT = """
    consent consents agree agreed agreement accept acceptance accepted privacy gdpr terms optin
    согласие согласен согласна соглашаюсь персональных политикой оферта офертой згода згоден персональних
    einwilligung einverstanden datenschutz datenschutzerklärung consentimiento acepto privacidad
    consentimento aceito privacidade consentement accepte confidentialité consenso acconsento
    zgoda zgadzam rodo onay kvkk rıza onaylıyorum kabul
"""
